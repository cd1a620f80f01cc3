import { exactlyOnce } from "../checkers/exactly-once.ts";
import type { EffectRecord } from "../checkers/exactly-once.ts";
import type { CheckReport } from "../checkers/report.ts";
import type { ChainRecord } from "../checkers/watch-chain.ts";
import type { OpRecord } from "../format/records.ts";

/**
 * Exactly once, as far as watches tell: the value of each write is unique at its path, so that the revisions at which
 * any watch shows it come to be are its effects. What no watch tells is asked of watches elsewhere.
 */
export function toldOnce(streams: readonly ChainRecord[], ops: readonly OpRecord[]): CheckReport {
  const writes = new Map(
    ops.filter(({ op }) => op.value !== undefined).map((record) => [keyOf(record.op), record]),
  );
  const effects = new Map<string, EffectRecord>();
  for (const item of streams.flatMap(({ items }) => items)) {
    if (item.type === "snapshot" || item.type === "deleted") continue;
    const write = writes.get(keyOf(item));
    if (write === undefined) continue;
    const effect = { session: write.session ?? "", seq: write.id, zxid: item.revision };
    effects.set(JSON.stringify([write.id, item.revision]), effect);
  }
  const told = new Set([...effects.values()].map(({ seq }) => seq));
  const outcomes = ops
    .filter(({ id }) => told.has(id))
    .map(({ id, session = "", outcome, result }) => {
      const zxid = outcome === "ok" ? result?.zxid : undefined;
      return { session, seq: id, outcome, ...(zxid === undefined ? {} : { zxid }) };
    });
  return exactlyOnce({ effects: [...effects.values()], outcomes });
}

function keyOf({ path, value }: { readonly path: string; readonly value?: string }): string {
  return JSON.stringify([path, value]);
}
