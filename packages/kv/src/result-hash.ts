import type { BudgetExcess } from "./budget.ts";
import { hashText } from "./digest.ts";
import type { ItemHash } from "./digest.ts";
import type { OpResult, Result, Stat } from "./types.ts";

/** A result of which the hash of its path is known. */
export type HashedResult = Extract<OpResult, { readonly ok: true }> & { readonly pathHash: number };

function pathHashOf(part: Extract<OpResult, { readonly ok: true }>): number {
  return "pathHash" in part && typeof part.pathHash === "number" ? part.pathHash : hashText(part.path);
}

function takeStat(hash: ItemHash, stat: Stat): void {
  hash.int(stat.czxid).int(stat.mzxid).int(stat.pzxid).int(stat.ctimeMs).int(stat.mtimeMs);
  hash.int(stat.version).int(stat.cversion).int(stat.aversion).int(stat.dataLength).int(stat.numChildren);
  hash.int(stat.container ? -1 : (stat.ttlMs ?? 0));
  hash.word(stat.ephemeralOwner === null ? 0 : hashText(stat.ephemeralOwner));
}

function takePart(hash: ItemHash, part: OpResult): void {
  if (!part.ok) {
    hash.word(0).word(hashText(part.code));
    return;
  }
  hash.word(part.stat === null ? 1 : 2).word(pathHashOf(part));
  if (part.stat !== null) takeStat(hash, part.stat);
  if (part.sum !== undefined) hash.word(5).int(part.sum);
}

function takeExcess(hash: ItemHash, { path, kind, limit, used, wanted }: BudgetExcess): ItemHash {
  return hash.word(hashText(path)).word(hashText(kind)).int(limit).int(used).int(wanted);
}

/** Takes in all that a result says. */
export function takeResult(hash: ItemHash, result: Result): ItemHash {
  hash.int(result.revision);
  if (result.branch !== undefined) hash.word(result.branch === "then" ? 3 : 4);
  if (!result.ok) {
    hash
      .word(-1)
      .word(hashText(result.code))
      .word(result.failed ?? -1);
    return result.excess === undefined ? hash : takeExcess(hash, result.excess);
  }
  hash.word(result.results.length);
  for (const part of result.results) takePart(hash, part);
  return hash;
}
