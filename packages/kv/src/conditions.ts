import type { ErrorCode } from "@flotilla/runtime";
import type { TreeNode } from "./tree-node.ts";
import type { Conditions } from "./types.ts";
import { bytesAt } from "./values.ts";

function holds(node: TreeNode, value: Uint8Array): boolean {
  return node.length === value.length && Buffer.compare(bytesAt(node), value) === 0;
}

/** In this order: owner, number of children, value. */
function unmetRare(node: TreeNode, { owner, children, value }: Conditions): boolean {
  if (owner !== undefined && node.owner !== owner) return true;
  if (children !== undefined && node.numChildren !== children) return true;
  return value !== undefined && !holds(node, value);
}

/** The code of the first that does not hold, in this order: existence, the fence, the version, all others. */
export function unmet(node: TreeNode | undefined, conditions: Conditions): ErrorCode | null {
  const { exists, mzxid, version } = conditions;
  if (exists === true && node === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (exists === false && node !== undefined) return "ERR_FLOTILLA_EXISTS";
  if (mzxid !== undefined && node?.mzxid !== mzxid) return "ERR_FLOTILLA_FENCED";
  const { owner, children, value } = conditions;
  if (version === undefined && owner === undefined && children === undefined && value === undefined)
    return null;
  if (node === undefined) return "ERR_FLOTILLA_NOT_FOUND";
  if (version !== undefined && node.version !== version) return "ERR_FLOTILLA_BAD_VERSION";
  return unmetRare(node, conditions) ? "ERR_FLOTILLA_CONDITION" : null;
}
