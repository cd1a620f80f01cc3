import type { ChainItem, OpResult, Operation, OtherRecord, Outcome } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { Notes } from "./notes.ts";

const observations: Readonly<Record<string, string>> = {
  ERR_FLOTILLA_BAD_VERSION: "BAD_VERSION",
  ERR_FLOTILLA_NOT_FOUND: "NO_NODE",
  ERR_FLOTILLA_EXISTS: "NODE_EXISTS",
};
const reads: readonly Operation["type"][] = ["get", "exists"];

/** An observation of `op` that is not its success, such as that the node is absent. */
export interface Refusal {
  readonly refused: "NO_NODE";
}

/** How one session stands in the history. */
export interface SessionPlace {
  readonly id: string;
  readonly server: string | null;
}

/** A call with what became of it. */
export interface TimedCall<T> {
  readonly invoke_ns: number;
  readonly outcome: Outcome;
  /** Null unless the outcome is `ok`. */
  readonly value: T | null;
  /** Null when the outcome is unknown. */
  readonly return_ns: number | null;
}

/** True when it was answered. */
export function isDone({ outcome }: TimedCall<unknown>): boolean {
  return outcome === "ok";
}

/** Writes what clients did and saw into a history. */
export class Recorder {
  readonly history: Notes;
  /** One clock for all. */
  readonly nowNs: () => number;
  #acknowledged = 0;
  readonly #sequence = new Map<string, number>();

  /** @param nowNs one clock for all */
  constructor(history: Notes, nowNs: () => number) {
    this.history = history;
    this.nowNs = nowNs;
  }

  /** Writes on registers that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /**
   * Runs one operation as `client`, a logical client with nothing under way.
   * @returns the logical client to go on as: another one after an unknown outcome
   */
  async perform(
    client: number,
    session: SessionPlace,
    op: Operation,
    call: () => Promise<OpResult | Refusal>,
  ): Promise<number> {
    const { history } = this;
    const origin = { session: session.id, ...(session.server === null ? {} : { node: session.server }) };
    const seq = reads.includes(op.type) ? null : this.#number(session.id);
    const id = history.invoke(client, op, this.nowNs(), origin);
    try {
      const result = await call();
      if ("refused" in result) history.fail(id, this.nowNs(), result.refused);
      else history.ok(id, this.nowNs(), result);
      const zxid = "refused" in result ? null : (result.zxid ?? null);
      this.#answered(session.id, seq, "refused" in result ? "fail" : "ok", zxid);
      return client;
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      const seen = observations[error.code];
      if (seen !== undefined) this.#answered(session.id, seq, "fail", null);
      if (seen === undefined && (error.ambiguous || reads.includes(op.type))) {
        history.unknown(id);
        return history.newClient();
      }
      history.fail(id, this.nowNs(), seen ?? error.code);
      return client;
    }
  }

  /** Makes a call that is no operation on a register. Its record is the caller's to write. */
  async timed<T>(call: () => Promise<T>): Promise<TimedCall<T>> {
    const invoke_ns = this.nowNs();
    try {
      const value = await call();
      return { invoke_ns, outcome: "ok", value, return_ns: this.nowNs() };
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      if (error.ambiguous) return { invoke_ns, outcome: "unknown", value: null, return_ns: null };
      return { invoke_ns, outcome: "fail", value: null, return_ns: this.nowNs() };
    }
  }

  /** Makes a call as `timed` does, and writes it down: before it as one of unknown outcome, then as what it came to. */
  async noted<T>(
    call: () => Promise<T>,
    recordOf: (call: TimedCall<T>) => OtherRecord,
  ): Promise<TimedCall<T>> {
    const { history } = this;
    const open = { invoke_ns: this.nowNs(), outcome: "unknown", value: null, return_ns: null } as const;
    const number = history.add(recordOf(open));
    const done = { ...(await this.timed(call)), invoke_ns: open.invoke_ns };
    history.amend(number, recordOf(done));
    return done;
  }

  /** A recursive watch told something. */
  told(client: string, session: string, event: ChainItem): void {
    this.history.add({ kind: "watch", client, session, mode: "recursive", at_ns: this.nowNs(), event });
  }

  /** A recursive watch had to tell everything up to a revision. */
  owed(client: string, session: string, until: number): void {
    this.history.add({ kind: "watch-end", client, session, until, at_ns: this.nowNs() });
  }

  #number(session: string): number {
    const seq = (this.#sequence.get(session) ?? 0) + 1;
    this.#sequence.set(session, seq);
    return seq;
  }

  #answered(session: string, seq: number | null, outcome: "ok" | "fail", zxid: number | null): void {
    if (seq === null) return;
    if (outcome === "ok") this.#acknowledged += 1;
    const at = this.nowNs();
    this.history.add({ kind: "session-op", session, seq, outcome, zxid, completed_ns: at, at_ns: at });
  }
}
