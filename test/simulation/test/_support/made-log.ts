import type { Node, TreeEvent } from "@flotilla/kv";
import { Findings } from "../../src/world/findings.ts";
import type { GoldenCommand } from "../../src/world/golden-log.ts";
import { GoldenLog } from "../../src/world/golden-log.ts";
import { Ledger } from "../../src/actors/ledger.ts";

/** A node that a write leaves: its value, as JSON, or nothing; and whose it is. */
export interface MadeWrite {
  readonly path: string;
  readonly value: unknown;
  readonly owner?: string;
}

/** A log that is written by hand, and where its judges report to. */
export class MadeLog {
  readonly golden: GoldenLog = new GoldenLog(() => 0);
  readonly findings: Findings = new Findings(() => 0);
  readonly ledger: Ledger = new Ledger(() => 0);
  readonly #nodes = new Map<string, Node>();
  #revision = 0;

  /** The invariants that were found broken. */
  get broken(): readonly string[] {
    return [...new Set(this.findings.all.map(({ invariant }) => invariant))];
  }

  /** One command that writes or, where there is no value, deletes. Returns its revision. */
  write(by: string, ...writes: readonly MadeWrite[]): number {
    return this.#write(by, [], writes);
  }

  /** The same, if a node is there. */
  writeIf(path: string, by: string, ...writes: readonly MadeWrite[]): number {
    return this.#write(by, [{ type: "check", path }], writes);
  }

  /** One command that may open a session. */
  open(session: string): void {
    this.#revision += 1;
    const command = { type: "attach", session, attach: this.#revision, ttlMs: 1000 };
    const made = { index: this.#revision, atMs: this.#revision, events: [], result: null, command };
    this.golden.commands.push({ ...made, applied: { type: "skipped" } } as unknown as GoldenCommand);
  }

  #write(by: string, ops: readonly unknown[], writes: readonly MadeWrite[]): number {
    this.#revision += 1;
    const events = writes.map((each, at) => this.#event(by, each, at));
    const operation = { type: "multi", ops } as const;
    const command = { type: "request", session: by, attach: 1, seq: this.#revision, acked: 0, operation };
    const made = { index: this.#revision, atMs: this.#revision, events, result: null, command };
    this.golden.commands.push({ ...made, applied: { type: "skipped" } } as unknown as GoldenCommand);
    return this.#revision;
  }

  #event(by: string, { path, value, owner }: MadeWrite, ordinal: number): TreeEvent {
    const previous = this.#nodes.get(path) ?? null;
    const node = value === undefined ? null : this.#node(value, owner ?? null, previous);
    if (node === null) this.#nodes.delete(path);
    else this.#nodes.set(path, node);
    const type = node === null ? "deleted" : previous === null ? "created" : "changed";
    return { revision: this.#revision, ordinal, type, path, node, previous, by, timeMs: 0 };
  }

  #node(value: unknown, ephemeralOwner: string | null, previous: Node | null): Node {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const revision = this.#revision;
    const stat = {
      czxid: previous?.stat.czxid ?? revision,
      mzxid: revision,
      pzxid: revision,
      ctimeMs: 0,
      mtimeMs: 0,
      version: previous === null ? 0 : previous.stat.version + 1,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: previous?.stat.ephemeralOwner ?? ephemeralOwner,
      dataLength: bytes.length,
      numChildren: 0,
      container: false,
      ttlMs: null,
    };
    return { value: bytes, stat };
  }
}
