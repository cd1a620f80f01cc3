import type {
  ChainItem,
  ChainRecord,
  HistoryWriter,
  OpResult,
  Operation,
  SessionOpRecord,
} from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";

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

/** Writes what clients did and saw into a history. */
export class Recorder {
  readonly history: HistoryWriter;
  readonly #nowNs: () => number;
  readonly #sequence = new Map<string, number>();
  readonly sessionOps: SessionOpRecord[] = [];
  /** What watches told. */
  readonly streams: ChainRecord[] = [];

  /** @param nowNs one clock for all */
  constructor(history: HistoryWriter, nowNs: () => number) {
    this.history = history;
    this.#nowNs = nowNs;
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
    const id = history.invoke(client, op, this.#nowNs(), origin);
    try {
      const result = await call();
      if ("refused" in result) history.fail(id, this.#nowNs(), result.refused);
      else history.ok(id, this.#nowNs(), result);
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
      history.fail(id, this.#nowNs(), seen ?? error.code);
      return client;
    }
  }

  /** A recursive watch told something. */
  told(client: string, session: string, event: ChainItem): void {
    this.history.add({ kind: "watch", client, session, mode: "recursive", at_ns: this.#nowNs(), event });
  }

  #number(session: string): number {
    const seq = (this.#sequence.get(session) ?? 0) + 1;
    this.#sequence.set(session, seq);
    return seq;
  }

  #answered(session: string, seq: number | null, outcome: "ok" | "fail", zxid: number | null): void {
    if (seq === null) return;
    const record = { kind: "session-op", session, seq, outcome, zxid, completed_ns: this.#nowNs() } as const;
    this.sessionOps.push(record);
    this.history.add({ ...record, at_ns: record.completed_ns });
  }
}
