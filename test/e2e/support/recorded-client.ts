import { setTimeout as pause } from "node:timers/promises";
import { text } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { HistoryWriter, OpResult, Operation } from "@flotilla/history";
import type { Client } from "../../jepsen/src/processes/cluster.ts";

const readTimeoutMs = 500;
const writeTimeoutMs = 1_000;
/** Between two operations. */
const restMs = 2;
const observations: Readonly<Record<string, string>> = {
  ERR_FLOTILLA_BAD_VERSION: "BAD_VERSION",
  ERR_FLOTILLA_NOT_FOUND: "NO_NODE",
  ERR_FLOTILLA_EXISTS: "NODE_EXISTS",
};

/** A client with one operation under way at a time, each written into a history. */
export class RecordedClient {
  /** Operations that were answered, and those that were not. */
  answered = 0;
  refused = 0;
  /** When the newest write that was acknowledged was sent. */
  newestWriteNs = 0;
  readonly #name: string;
  readonly #session: Client["session"];
  readonly #history: HistoryWriter;
  readonly #paths: readonly string[];
  readonly #versions = new Map<string, number>();
  #number: number;
  #steps = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param name says in the history where it is attached */
  constructor(name: string, client: Client, history: HistoryWriter, paths: readonly string[]) {
    this.#name = name;
    this.#session = client.session;
    this.#history = history;
    this.#paths = paths;
    this.#number = history.newClient();
  }

  /** Works until `stop`. */
  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#perform(this.#next());
      this.#steps += 1;
      await pause(restMs);
    }
  }

  #next(): Operation {
    const path = this.#paths[this.#steps % this.#paths.length] ?? "/";
    const value = `${this.#name}-${this.#steps}`;
    switch (this.#steps % 4) {
      case 0:
        return { type: "set", path, value };
      case 1:
        return { type: "cas", path, value, expectedVersion: this.#versions.get(path) ?? 0 };
      default:
        return { type: "get", path };
    }
  }

  async #perform(op: Operation): Promise<void> {
    const invokedNs = nowNs();
    const id = this.#history.invoke(this.#number, op, invokedNs, { node: this.#name });
    try {
      const result = await this.#call(op);
      if (result.version !== undefined) this.#versions.set(op.path, result.version);
      this.#history.ok(id, nowNs(), result);
      this.answered += 1;
      if (op.type !== "get") this.newestWriteNs = invokedNs;
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      const seen = observations[error.code];
      if (seen === undefined) this.refused += 1;
      else this.answered += 1;
      if (error.ambiguous && op.type !== "get") {
        this.#history.unknown(id);
        this.#number = this.#history.newClient();
      } else this.#history.fail(id, nowNs(), seen ?? error.code);
    }
  }

  async #call({ type, path, value = "", expectedVersion }: Operation): Promise<OpResult> {
    if (type === "get") {
      const node = await this.#session.get(path, { timeoutMs: readTimeoutMs });
      if (node === null) return { exists: false };
      return { exists: true, value: text(node), version: node.stat.version, zxid: node.stat.mzxid };
    }
    const condition = expectedVersion === undefined ? {} : { version: expectedVersion };
    const { stat, revision } = await this.#session.set(path, value, {
      ...condition,
      timeoutMs: writeTimeoutMs,
    });
    return { version: stat.version, zxid: revision };
  }
}

/** The one clock of all clients: they live in one process. */
export function nowNs(): number {
  return Math.floor(performance.now() * 1e6);
}
