import type { OpRecord } from "../../src/index.ts";

interface Node {
  readonly value: string;
  readonly version: number;
}

interface Progress {
  readonly node: Node | null;
  /** One entry per write so far: its zxid, or `null` when nobody saw it. */
  readonly zxids: readonly (number | null)[];
}

const observed: readonly string[] = ["NO_NODE", "NODE_EXISTS", "BAD_VERSION"];

/**
 * Tries every order of every path with no shortcut at all. Written from the format's text and not from
 * the checker; zxids are judged at the end of the thought, as "increasing whole numbers exist".
 */
export function bruteForceLinearizable(records: readonly OpRecord[]): boolean {
  const paths = new Set(records.map((record) => record.op.path));
  return [...paths].every((path) => {
    const ops = records.filter((record) => record.op.path === path && saysSomething(record));
    return extend(ops, { node: null, zxids: [] });
  });
}

function saysSomething(record: OpRecord): boolean {
  const isRead = record.op.type === "get" || record.op.type === "exists";
  if (record.outcome === "unknown") return !isRead;
  return record.outcome === "ok" || observed.includes(record.result?.error ?? "");
}

function extend(left: readonly OpRecord[], progress: Progress): boolean {
  if (left.every((op) => op.outcome === "unknown")) return true;
  const firstReturn = Math.min(...left.map((op) => op.return_ns ?? Infinity));
  return left.some((op) => {
    if (op.invoke_ns > firstReturn) return false;
    const after = happen(op, progress);
    return (
      after !== null &&
      increasing(after.zxids) &&
      extend(
        left.filter((other) => other !== op),
        after,
      )
    );
  });
}

function happen(record: OpRecord, { node, zxids }: Progress): Progress | null {
  const { op, outcome, result } = record;
  const same = { node, zxids };
  const conditional = op.expectedVersion !== undefined && op.expectedVersion !== -1;
  if (outcome === "fail") {
    if (result?.error === "NO_NODE") return node === null ? same : null;
    if (result?.error === "NODE_EXISTS") return node === null ? null : same;
    return node !== null && conditional && node.version !== op.expectedVersion ? same : null;
  }
  const written = [...zxids, result?.zxid ?? null];
  if (op.type === "get" || op.type === "exists")
    return readFits(record, node) ? pin(same, result?.zxid) : null;
  if (op.type === "create") {
    const fits = node === null && (result?.version ?? 0) === 0;
    return fits ? { node: { value: op.value ?? "", version: 0 }, zxids: written } : null;
  }
  if (node === null || (conditional && node.version !== op.expectedVersion)) return null;
  if (op.type === "delete") return { node: null, zxids: written };
  const version = node.version + 1;
  if ((result?.version ?? version) !== version) return null;
  return { node: { value: op.value ?? "", version }, zxids: written };
}

function readFits({ op, result }: OpRecord, node: Node | null): boolean {
  const shows = result?.value !== undefined || result?.version !== undefined || result?.zxid !== undefined;
  const exists = result?.exists ?? (op.type === "get" || shows ? true : undefined);
  if (exists !== undefined && exists !== (node !== null)) return false;
  if (result?.value !== undefined && result.value !== node?.value) return false;
  return result?.version === undefined || result.version === node?.version;
}

function pin(progress: Progress, zxid: number | undefined): Progress | null {
  if (zxid === undefined) return progress;
  const last = progress.zxids.at(-1);
  if (last === undefined || (last !== null && last !== zxid)) return null;
  return { node: progress.node, zxids: [...progress.zxids.slice(0, -1), zxid] };
}

function increasing(zxids: readonly (number | null)[]): boolean {
  let least = 0;
  for (const zxid of zxids) {
    if (zxid !== null && zxid < least) return false;
    least = (zxid ?? least) + 1;
  }
  return true;
}
