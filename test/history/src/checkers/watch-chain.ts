import type { OpRecord } from "../format/records.ts";
import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";

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
 * acknowledged with a revision between the first snapshot and the last item must be there, at that revision, unless
 * a later snapshot stands for it; and no value may come that nobody wrote.
 */
export function watchChain({ streams, ops }: WatchChainInput): CheckReport {
  const findings = new Findings();
  const written = new Set(ops.map(({ op }) => op.value));
  const acknowledged = ops.filter(
    ({ op, outcome, result }) =>
      outcome === "ok" && result?.zxid !== undefined && op.type !== "get" && op.type !== "exists",
  );
  for (const stream of streams) {
    const chain = new Chain(stream, written, findings);
    for (const item of stream.items) chain.take(item);
    chain.finish();
    for (const record of acknowledged) chain.require(record);
    findings.checked(stream.items.length);
  }
  return findings.report();
}

class Chain {
  readonly #stream: ChainRecord;
  readonly #written: ReadonlySet<string | undefined>;
  readonly #findings: Findings;
  /** The version of each node that is there. */
  #versions = new Map<string, number>();
  readonly #values = new Map<number, string | undefined>();
  /** Spans of revisions `(from, to]` in which every change had to be told. */
  readonly #told: { from: number; to: number }[] = [];

  constructor(stream: ChainRecord, written: ReadonlySet<string | undefined>, findings: Findings) {
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
      return;
    }
    if (span === undefined) return this.#add("no-start", item, "comes before any snapshot");
    if (item.revision <= span.to) this.#add("order", item, `comes after revision ${span.to}`);
    span.to = Math.max(span.to, item.revision);
    this.#step(item);
    this.#values.set(item.revision, item.value);
    if (item.type !== "deleted" && !this.#written.has(item.value))
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
    if (this.#values.get(revision) === op.value) return;
    const { session } = this.#stream;
    this.#findings.add(
      "lost",
      `the watch of ${session} does not show ${op.path} = ${op.value} at ${revision}`,
      op,
    );
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
