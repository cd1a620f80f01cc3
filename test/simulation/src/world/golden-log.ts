import type { Applied, KvCommand, Result, TreeEvent } from "@flotilla/kv";
import { decodeCommand, decodeResult } from "@flotilla/kv";
import type { Entry } from "@flotilla/raft";

/** One command of the log, with what it did where it was applied first. */
export interface GoldenCommand {
  readonly index: number;
  /** Virtual milliseconds of its first apply anywhere. */
  readonly atMs: number;
  readonly command: KvCommand | null;
  readonly applied: Applied;
  /** Of a request that was executed then, not answered from a window. */
  readonly result: Result | null;
  readonly events: readonly TreeEvent[];
}

/** What the cluster did, as the member that was first at each entry told it. */
export class GoldenLog {
  readonly commands: GoldenCommand[] = [];
  /** When each revision was first there. */
  readonly revisionAtMs: Map<number, number> = new Map();
  readonly #nowMs: () => number;
  #lastIndex = 0;
  #revision = 0;
  #fresh: {
    readonly index: number;
    readonly applied: Applied;
    readonly events: readonly TreeEvent[];
  } | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The last revision applied anywhere. */
  get revision(): number {
    return this.#revision;
  }

  /** A member applied a command; its entry follows with `entry`. */
  applied(index: number, applied: Applied, events: readonly TreeEvent[]): void {
    this.#fresh = index > this.#lastIndex ? { index, applied, events } : null;
  }

  entry({ index, kind, payload }: Entry): void {
    const fresh = this.#fresh;
    this.#fresh = null;
    if (index <= this.#lastIndex) return;
    this.#lastIndex = index;
    if (kind !== "command" || fresh?.index !== index) return;
    const { applied, events } = fresh;
    const isExecuted = applied.type === "answered" && !applied.repeat;
    this.commands.push({
      index,
      atMs: this.#nowMs(),
      command: decoded(payload),
      applied,
      result: isExecuted ? decodeResult(applied.result) : null,
      events,
    });
    const revision = events.at(-1)?.revision;
    if (revision === undefined) return;
    this.#revision = revision;
    this.revisionAtMs.set(revision, this.#nowMs());
  }
}

function decoded(payload: Uint8Array): KvCommand | null {
  try {
    return decodeCommand(payload);
  } catch {
    return null;
  }
}
