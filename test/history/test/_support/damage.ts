import type { OpRecord, OpResult } from "../../src/index.ts";
import { SeededRandom } from "./random.ts";

type Settled = OpRecord & { readonly return_ns: number; readonly result: OpResult };

/** Changes one result at random; what comes out may or may not be linearizable. */
export function scramble(records: readonly OpRecord[], seed: number): OpRecord[] {
  const random = new SeededRandom(seed);
  const settled = records.filter(isSettled);
  if (settled.length === 0) return [...records];
  const victim = random.pick(settled);
  const donor = random.pick(settled);
  return replace(records, victim.id, () => ({ ...victim, ...scrambled(victim, donor, random) }));
}

function scrambled(victim: Settled, donor: Settled, random: SeededRandom): Partial<OpRecord> {
  if (victim.outcome === "fail") {
    return { result: { error: random.pick(["NO_NODE", "NODE_EXISTS", "BAD_VERSION"]) } };
  }
  const { result } = victim;
  if (result.exists === false) return { result: { exists: true } };
  if (victim.op.type === "get" && random.chance(0.3))
    return { outcome: "fail", result: { error: "NO_NODE" } };
  if (victim.op.type === "exists" && random.chance(0.3)) return { result: { exists: false } };
  if (result.version !== undefined && random.chance(0.3)) {
    return { result: { ...result, version: Math.max(0, result.version + random.pick([-1, 1])) } };
  }
  if (result.value !== undefined && random.chance(0.5)) {
    return { result: { ...result, value: donor.op.value ?? donor.result.value ?? result.value } };
  }
  return { result: { ...result, zxid: donor.result.zxid ?? random.below(8) } };
}

/** A read shows a write that another one had replaced before the read began. */
export function staleRead(records: readonly OpRecord[]): OpRecord[] {
  for (const read of records
    .filter(isSettled)
    .filter((r) => r.op.type === "get" && r.outcome === "ok")
    .toReversed()) {
    const before = writes(records, read.op.path).filter((write) => write.return_ns < read.invoke_ns);
    const old = before.find((write) => before.some((later) => later.invoke_ns > write.return_ns));
    if (old?.op.value === undefined) continue;
    return replace(records, read.id, () => ({
      ...read,
      result: { ...old.result, value: old.op.value ?? "" },
    }));
  }
  throw new Error("no read to damage");
}

/** Two conditional writes succeed on one version. Meant for histories without deletes. */
export function lostUpdate(records: readonly OpRecord[]): OpRecord[] {
  const settled = records.filter(isSettled).filter((record) => record.op.type === "cas");
  const loser = settled.find(
    (cas) =>
      cas.outcome === "fail" && settled.some((other) => other.outcome === "ok" && sameVersion(cas, other)),
  );
  if (loser === undefined) throw new Error("no update to damage");
  return replace(records, loser.id, () => ({ ...loser, outcome: "ok", result: {} }));
}

/** A write reports the version of another write. Meant for histories without deletes. */
export function duplicatedVersion(records: readonly OpRecord[]): OpRecord[] {
  const [first, second] = writes(records, "/0")
    .filter((write) => write.result.version !== undefined)
    .slice(-2);
  if (first?.result.version === undefined || second === undefined) throw new Error("no write to damage");
  const { version } = first.result;
  return replace(records, second.id, () => ({ ...second, result: { ...second.result, version } }));
}

/** Two reads, one after the other, see new and then old. Meant for histories without deletes. */
export function reorderedReads(records: readonly OpRecord[]): OpRecord[] {
  const reads = records
    .filter(isSettled)
    .filter((r) => r.op.type === "get" && r.result.version !== undefined);
  for (const early of reads) {
    const late = reads.find(
      (read) =>
        read.op.path === early.op.path &&
        read.invoke_ns > early.return_ns &&
        (read.result.version ?? 0) > (early.result.version ?? 0),
    );
    if (late === undefined) continue;
    const swapped = replace(records, early.id, () => ({ ...early, result: late.result }));
    return replace(swapped, late.id, () => ({ ...late, result: early.result }));
  }
  throw new Error("no reads to damage");
}

/** Two writes, one after the other, report their zxids the wrong way round. */
export function fallingZxid(records: readonly OpRecord[]): OpRecord[] {
  const settled = writes(records, "/0").filter((write) => write.result.zxid !== undefined);
  for (const first of settled) {
    const second = settled.find((write) => write.invoke_ns > first.return_ns);
    if (second?.result.zxid === undefined || first.result.zxid === undefined) continue;
    const [low, high] = [first.result.zxid, second.result.zxid];
    const swapped = replace(records, first.id, () => ({ ...first, result: { ...first.result, zxid: high } }));
    return replace(swapped, second.id, () => ({ ...second, result: { ...second.result, zxid: low } }));
  }
  throw new Error("no writes to damage");
}

function sameVersion(a: OpRecord, b: OpRecord): boolean {
  return a.op.path === b.op.path && a.op.expectedVersion === b.op.expectedVersion;
}

function writes(records: readonly OpRecord[], path: string): Settled[] {
  return records
    .filter(isSettled)
    .filter((record) => record.outcome === "ok" && record.op.path === path && record.op.value !== undefined);
}

function isSettled(record: OpRecord): record is Settled {
  return record.return_ns !== null && record.result !== null;
}

function replace(records: readonly OpRecord[], id: number, change: () => OpRecord): OpRecord[] {
  return records.map((record) => (record.id === id ? change() : record));
}
