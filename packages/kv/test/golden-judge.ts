import { judgeAcl } from "./golden-acl.ts";
import { refuse } from "./golden-refusal.ts";
import { nothingIn } from "./golden-state.ts";
import type { TreeOp } from "../src/types.ts";

function isGoodPath(path: string): boolean {
  if (path === "/") return true;
  if (!path.startsWith("/") || path.length > 4096) return false;
  return path
    .slice(1)
    .split("/")
    .every((name) => name !== "" && name !== "." && name !== "..");
}

export function parentPath(path: string): string {
  const parent = path.split("/").slice(0, -1).join("/");
  return parent === "" ? "/" : parent;
}

export function judgePath(path: string): void {
  if (!isGoodPath(path)) refuse("ERR_FLOTILLA_BAD_PATH");
}

/** What is wrong whatever the state. */
export function judge(op: TreeOp): void {
  if (op.type === "create") {
    const { lease, sequential, container = false, ttlMs } = op;
    const hasTtl = ttlMs !== undefined;
    const kinds = [sequential, lease !== null, hasTtl].filter(Boolean).length;
    if (op.guarded && lease === null) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
    if ((container && kinds > 0) || (hasTtl && lease !== null)) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
    if (hasTtl && (ttlMs === 0 || ttlMs >= 2 ** 40)) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  }
  if (op.type === "delete" && op.path === "/") refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  if (op.type === "check") {
    const { exists, version, mzxid, owner, children, value } = op.if;
    const numbers = [version, mzxid, owner, children, value].some((each) => each !== undefined);
    if ((exists === undefined && !numbers) || (exists === false && numbers))
      refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  }
  if (op.type === "create" && op.acl !== undefined && op.path.startsWith("/")) judgeAcl(op.acl);
  const path = op.type === "create" && op.sequential ? `${op.path}0000000000` : op.path;
  if (!isGoodPath(path)) refuse("ERR_FLOTILLA_BAD_PATH");
  if ("value" in op && op.value.length > 1_048_576) refuse("ERR_FLOTILLA_TOO_LARGE");
}

type Records = Record<string, object>;

function copyRecords(records: Records): Records {
  const copy: Records = nothingIn();
  for (const [key, value] of Object.entries(records)) copy[key] = { ...value };
  return copy;
}

/** A copy as deep as operations change things: what is in a record is replaced, never changed. */
export function copyOf<T extends object>(state: T): T {
  const parts = Object.entries(state).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === "object" && value !== null ? copyRecords(value as Records) : value,
  ]);
  return Object.fromEntries(parts) as T;
}
