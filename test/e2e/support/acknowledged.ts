/** A write of a numbered stream: either the next value of a key, or a sequential node. */
export type PlannedWrite = { readonly type: "put"; readonly key: string } | { readonly type: "append" };

/** Keys that a stream writes in turn. */
export const streamKeys = ["a", "b", "c", "d", "e"] as const;
const appendEvery = 8;

/** What write number `n` of a stream does. Its value is its number. */
export function plannedWrite(n: number): PlannedWrite {
  if (n % appendEvery === appendEvery - 1) return { type: "append" };
  return { type: "put", key: streamKeys[n % streamKeys.length] ?? "a" };
}

/** What one session sent, and what it was told. */
export interface Sent {
  readonly name: string;
  /** Writes 0 to `sent` - 1 were issued, in this order. */
  readonly sent: number;
  /** Revision of every acknowledged write, by number. */
  readonly acked: ReadonlyMap<number, number>;
  /** Every write must be there: the session lived to hear of each. */
  readonly settled: boolean;
}

export interface FoundKey {
  readonly value: number;
  readonly version: number;
  readonly mzxid: number;
}

/** What the tree holds of one stream. */
export interface Found {
  readonly keys: ReadonlyMap<string, FoundKey>;
  /** Values of the sequential nodes, in their order. */
  readonly appended: readonly number[];
}

export interface Judgement {
  /** Number of writes that took effect: 0 to `length` - 1. */
  readonly length: number;
  readonly violations: readonly string[];
}

/** The tree after exactly the first `length` writes of a stream, each once and in order. */
export function expectedAfter(length: number): Found {
  const found = new Map<string, FoundKey>();
  const appended: number[] = [];
  for (let n = 0; n < length; n += 1) {
    const write = plannedWrite(n);
    if (write.type === "append") appended.push(n);
    else found.set(write.key, { value: n, version: (found.get(write.key)?.version ?? -1) + 1, mzxid: 0 });
  }
  return { keys: found, appended };
}

/**
 * Judges whether the tree holds a prefix of the stream, every write once (versions and sequential nodes count
 * them), that contains all acknowledged writes at the revisions they were acknowledged with.
 */
export function judgeAcknowledged(stream: Sent, found: Found): Judgement {
  const length = 1 + newestOf([...[...found.keys.values()].map(({ value }) => value), ...found.appended]);
  const violations = [...judgeLength(stream, length), ...judgeRevisions(stream)];
  const expected = expectedAfter(length);
  if (found.appended.join() !== expected.appended.join())
    violations.push(`sequential nodes … ${tail(found.appended)} instead of … ${tail(expected.appended)}`);
  for (const key of streamKeys) {
    const is = found.keys.get(key);
    const should = expected.keys.get(key);
    if (is?.value !== should?.value || is?.version !== should?.version)
      violations.push(`${key} is ${describe(is)} instead of ${describe(should)}`);
    const revision = is === undefined ? undefined : stream.acked.get(is.value);
    if (revision !== undefined && is?.mzxid !== revision)
      violations.push(`${key} was acknowledged at revision ${revision} and is found at ${is?.mzxid}`);
  }
  return { length, violations: violations.map((text) => `${stream.name}: ${text}`) };
}

function judgeLength({ acked, sent, settled }: Sent, length: number): string[] {
  const newest = newestOf(acked.keys());
  const found: string[] = [];
  if (newest >= length) found.push(`write ${newest} was acknowledged, found are ${length}`);
  if (length > sent) found.push(`${length} writes are found, sent were ${sent}`);
  if (settled && (acked.size !== sent || length !== sent))
    found.push(`of ${sent} writes, ${acked.size} were acknowledged and ${length} found`);
  return found;
}

function judgeRevisions({ acked }: Sent): string[] {
  const inOrder = [...acked].toSorted(([a], [b]) => a - b);
  return inOrder.flatMap(([n, revision], position) => {
    const before = inOrder[position - 1];
    if (before === undefined || before[1] < revision) return [];
    return [`write ${n} got revision ${revision}, not above ${before[1]} of write ${before[0]}`];
  });
}

function tail(numbers: readonly number[]): string {
  return `${numbers.slice(-20).join()} (${numbers.length})`;
}

function newestOf(numbers: Iterable<number>): number {
  let newest = -1;
  for (const n of numbers) newest = Math.max(newest, n);
  return newest;
}

function describe(node: FoundKey | undefined): string {
  return node === undefined ? "absent" : `${node.value} in version ${node.version}`;
}
