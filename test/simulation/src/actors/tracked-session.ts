import type { ReadOptions, Session } from "@flotilla/coord/client";
import { text } from "@flotilla/coord/client";
import type { Node, Stat } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Ledger, WriteCall } from "./ledger.ts";

const unsentCodes: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_ABORTED",
  "ERR_FLOTILLA_CLOSED",
  "ERR_FLOTILLA_OVERLOADED",
  "ERR_FLOTILLA_SESSION_EXPIRED",
  "ERR_FLOTILLA_TIMEOUT",
]);

/** How a call ended. */
export type Settled<T> =
  | { readonly outcome: "ok"; readonly value: T }
  | { readonly outcome: "fail" | "unknown" | "unsent"; readonly code: string };

/** What a write asks for. */
export type Asked = Pick<WriteCall, "type" | "path" | "value" | "opId">;

/** A session whose calls are all written down. Only its owner may use the session. */
export class TrackedSession {
  readonly session: Session;
  readonly #ledger: Ledger;
  readonly #nowMs: () => number;
  readonly #writes: WriteCall[] = [];
  #seen = 0;

  constructor(session: Session, ledger: Ledger, nowMs: () => number) {
    this.session = session;
    this.#ledger = ledger;
    this.#nowMs = nowMs;
    ledger.writes.set(session.id, this.#writes);
  }

  /** The highest revision this session has seen. */
  get seen(): number {
    return this.#seen;
  }

  /** Every write has to go through here, in the order of the calls. */
  async write<T>(
    asked: Asked,
    call: () => Promise<T>,
    zxidOf: (value: T) => number | null,
  ): Promise<Settled<T>> {
    const write: WriteCall = {
      session: this.session.id,
      ...asked,
      outcome: "open",
      zxid: null,
      completedMs: null,
    };
    this.#writes.push(write);
    try {
      const value = await call();
      write.outcome = "ok";
      write.zxid = zxidOf(value);
      write.completedMs = this.#nowMs();
      if (write.zxid !== null) this.shows(write.zxid);
      this.#ledger.answered += 1;
      return { outcome: "ok", value };
    } catch (error) {
      return this.#refused(write, error);
    }
  }

  async get(
    path: string,
    level: "linearizable" | "local",
    options: ReadOptions,
  ): Promise<Settled<Node | null>> {
    const seen = this.#seen;
    return this.#read(
      () => this.session.get(path, { ...options, level }),
      (node) => this.#showed(path, level, seen, node?.stat ?? null, node === null ? null : text(node.value)),
    );
  }

  async exists(
    path: string,
    level: "linearizable" | "local",
    options: ReadOptions,
  ): Promise<Settled<Stat | null>> {
    const seen = this.#seen;
    return this.#read(
      () => this.session.exists(path, { ...options, level }),
      (stat) => this.#showed(path, level, seen, stat, null),
    );
  }

  /** A linearizable read of the names below a path. */
  async children(path: string, revision: () => number, options: ReadOptions): Promise<void> {
    const least = Math.max(this.#seen, this.#ledger.told);
    await this.#read(
      () => this.session.children(path, options),
      (page) => {
        if (page === null) return;
        this.#ledger.children.push({
          session: this.session.id,
          path,
          names: page.names,
          least,
          most: revision(),
        });
      },
    );
  }

  /** The session was shown the state as of a revision. */
  shows(revision: number): void {
    this.#seen = Math.max(this.#seen, revision);
    this.#ledger.told = Math.max(this.#ledger.told, revision);
    this.#ledger.deliver({ session: this.session.id, kind: "answer", revision });
  }

  /** A watch of the session told of a revision. */
  heard(revision: number): void {
    this.#seen = Math.max(this.#seen, revision);
    this.#ledger.told = Math.max(this.#ledger.told, revision);
  }

  async #read<T>(call: () => Promise<T>, show: (value: T) => void): Promise<Settled<T>> {
    try {
      const value = await call();
      this.#ledger.answered += 1;
      show(value);
      return { outcome: "ok", value };
    } catch (error) {
      return { outcome: "unsent", code: codeOf(error) };
    }
  }

  #showed(
    path: string,
    level: "linearizable" | "local",
    seen: number,
    stat: Stat | null,
    value: string | null,
  ): void {
    const mzxid = stat?.mzxid ?? null;
    this.#ledger.reads.push({
      session: this.session.id,
      level,
      path,
      seen,
      mzxid,
      version: stat?.version ?? null,
      value,
    });
    if (mzxid !== null) this.shows(mzxid);
  }

  #refused<T>(write: WriteCall, error: unknown): Settled<T> {
    const code = codeOf(error);
    const ambiguous = FlotillaError.is(error) && error.ambiguous;
    write.outcome = ambiguous ? "unknown" : unsentCodes.has(code) ? "unsent" : "fail";
    if (write.outcome === "fail") {
      write.completedMs = this.#nowMs();
      this.#ledger.answered += 1;
      const revision = FlotillaError.is(error) ? error.details["revision"] : undefined;
      if (typeof revision === "number") this.shows(revision);
    }
    return { outcome: write.outcome, code };
  }
}

/**
 * The code of an error that a call may end with.
 * @throws what is no error of ours, or one that tells of a bug
 */
function codeOf(error: unknown): string {
  if (!FlotillaError.is(error)) throw error;
  if (error.code === "ERR_FLOTILLA_INTERNAL" || error.code === "ERR_FLOTILLA_BAD_FRAME") throw error;
  return error.code;
}
