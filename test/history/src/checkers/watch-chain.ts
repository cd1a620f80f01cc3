import type { OpRecord } from "../format/records.ts";
import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";
import { WrittenPaths, zxidOf } from "./written-paths.ts";
import type { DeleteSpan } from "./written-paths.ts";

/** A node as a watch showed it. */
export interface ShownNode {
  readonly path: string;
  readonly version: number;
  readonly value: string;
}

/** One item of the stream of a recursive watch. */
export type ChainItem =
  | ({ readonly type: "created" | "changed" | "deleted"; readonly revision: number } & Partial<ShownNode> & {
        readonly path: string;
      })
  /** Everything in scope as of `revision`; the stream goes on after it. */
  | { readonly type: "snapshot"; readonly revision: number; readonly nodes: readonly ShownNode[] };

/** What one watch delivered, from a snapshot on, in order of delivery. */
export interface ChainRecord {
  readonly kind: "watch-stream";
  readonly client: string;
  readonly session: string;
  readonly items: readonly ChainItem[];
  /** A revision that it had to reach. Absent: it may end anywhere. */
  readonly until?: number;
}

export interface WatchChainInput {
  readonly streams: readonly ChainRecord[];
  /** What clients wrote into the scope of the watches. */
  readonly ops: readonly OpRecord[];
}

/**
 * Completeness of watches without a look into the log. Each event must follow from what the stream showed of its
 * path before: versions count up by one, nothing is created twice or deleted while absent. Each write that was
 * acknowledged between the first snapshot and the last item must be there, at its revision, unless a later snapshot
 * stands for it; a snapshot shows what was written last up to its revision; and nothing comes that nobody did.
 */
export function watchChain({ streams, ops }: WatchChainInput): CheckReport {
  const findings = new Findings();
  const written = new WrittenPaths(ops);
  const acknowledged = ops.filter(
    ({ op, outcome, result }) =>
      outcome === "ok" && result?.zxid !== undefined && op.type !== "get" && op.type !== "exists",
  );
  for (const stream of streams) {
    const chain = new Chain(stream, written, findings);
    for (const item of stream.items) chain.take(item);
    chain.finish();
    for (const record of acknowledged) chain.require(record);
    for (const span of written.deletes) chain.requireDelete(span);
    findings.checked(stream.items.length + (stream.until === undefined ? 0 : 1));
  }
  return findings.report();
}

class Chain {
  readonly #stream: ChainRecord;
  readonly #written: WrittenPaths;
  readonly #findings: Findings;
  /** The version of each node that is there. */
  #versions = new Map<string, number>();
  /** What was told of each revision. */
  readonly #events = new Map<number, ChainItem>();
  /** Revisions of deletions, by path. */
  readonly #deletions = new Map<string, number[]>();
  /** Spans of revisions `(from, to]` in which every change had to be told. */
  readonly #told: { from: number; to: number }[] = [];

  constructor(stream: ChainRecord, written: WrittenPaths, findings: Findings) {
    this.#stream = stream;
    this.#written = written;
    this.#findings = findings;
  }

  take(item: ChainItem): void {
    const span = this.#told.at(-1);
    if (item.type === "snapshot") {
      if (span !== undefined && item.revision < span.to) this.#add("order", item, "goes back");
      this.#versions = new Map(item.nodes.map(({ path, version }) => [path, version]));
      this.#told.push({ from: item.revision, to: item.revision });
      return this.#shows(item);
    }
    if (span === undefined) return this.#add("no-start", item, "comes before any snapshot");
    if (item.revision <= span.to) this.#add("order", item, `comes after revision ${span.to}`);
    span.to = Math.max(span.to, item.revision);
    this.#step(item);
    this.#events.set(item.revision, item);
    if (item.type === "deleted") {
      this.#deletions.set(item.path, [...(this.#deletions.get(item.path) ?? []), item.revision]);
      if (!this.#written.mayBeDeleted(item.path)) this.#add("phantom", item, "of what nobody deleted");
    } else if (this.#written.writeOf(item.path, item.value) === undefined)
      this.#add("phantom", item, "shows a value that nobody wrote");
  }

  /** Nothing more comes. */
  finish(): void {
    const { session, until } = this.#stream;
    const reached = this.#told.at(-1)?.to ?? 0;
    if (until !== undefined && reached < until)
      this.#findings.add("stopped", `the watch of ${session} tells nothing from ${reached} to ${until}`);
  }

  /** What was acknowledged must have been told. */
  require({ op, result }: OpRecord): void {
    const revision = result?.zxid ?? 0;
    if (!this.#told.some(({ from, to }) => revision > from && revision <= to)) return;
    const event = this.#events.get(revision);
    if (
      event !== undefined &&
      event.type !== "snapshot" &&
      event.path === op.path &&
      event.value === op.value
    )
      return;
    const { session } = this.#stream;
    this.#findings.add(
      "lost",
      `the watch of ${session} does not show ${op.path} = ${op.value} at ${revision}`,
      op,
    );
  }

  /** What was acknowledged must have been told, also when nobody knows its revision. */
  requireDelete({ record: { op }, after, before }: DeleteSpan): void {
    if (!this.#told.some(({ from, to }) => after >= from && before <= to + 1)) return;
    const isTold = this.#deletions.get(op.path)?.some((revision) => revision > after && revision < before);
    if (isTold === true) return;
    const { session } = this.#stream;
    this.#findings.add(
      "lost",
      `the watch of ${session} shows no deletion of ${op.path} from ${after} to ${before}`,
      op,
    );
  }

  /** All that is there as of its revision, and nothing else. */
  #shows(item: Extract<ChainItem, { type: "snapshot" }>): void {
    const { nodes, revision } = item;
    const tell = (rule: string, what: string): void =>
      this.#add(rule, { type: "snapshot", revision, nodes: [] }, what);
    const shown = new Set(nodes.map(({ path }) => path));
    for (const { path, value, version } of nodes) {
      const write = this.#written.writeOf(path, value);
      if (write === undefined) {
        tell("phantom", `shows ${path} = ${value}, which nobody wrote`);
        continue;
      }
      const zxid = zxidOf(write);
      const last = zxidOf(this.#written.lastUpTo(path, revision)) ?? 0;
      const isOther = write.result?.version !== undefined && write.result.version !== version;
      if (zxid !== undefined && (zxid > revision || zxid < last || isOther))
        tell("snapshot", `shows ${path} = ${value}, version ${version}, and ${last} is its last write`);
    }
    for (const path of this.#written.paths) {
      const last = shown.has(path) ? undefined : this.#written.lastUpTo(path, revision);
      if (last !== undefined && !this.#written.mayBeDeleted(path, last))
        tell("snapshot", `does not show ${path} = ${last.op.value}`);
    }
  }

  #step(item: Exclude<ChainItem, { type: "snapshot" }>): void {
    const before = this.#versions.get(item.path);
    const mayCome = item.type === "created" ? before === undefined : before !== undefined;
    const expected = item.type === "created" ? 0 : (before ?? -1) + 1;
    if (!mayCome)
      this.#add("chain", item, before === undefined ? "of an absent node" : "of a node that is there");
    else if (item.type !== "deleted" && item.version !== expected)
      this.#add("chain", item, `instead of version ${expected}`);
    if (item.type === "deleted") this.#versions.delete(item.path);
    else this.#versions.set(item.path, item.version ?? expected);
  }

  #add(rule: string, item: ChainItem, what: string): void {
    const { session } = this.#stream;
    this.#findings.add(rule, `the watch of ${session}: ${item.type} at ${item.revision} ${what}`, item);
  }
}
