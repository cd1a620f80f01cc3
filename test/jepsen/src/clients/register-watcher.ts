import { setTimeout as pause } from "node:timers/promises";
import type { Session, Watch } from "@flotilla/coord/client";
import { text } from "@flotilla/coord/client";
import type { ChainItem } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { Recorder } from "./recorder.ts";
import { registerRoot } from "./register-paths.ts";

type Told = Watch extends AsyncIterable<infer Event> ? Event : never;

const pollMs = 20;
/** An event comes before any answer that shows it: what is not here by then never will be. */
const patienceMs = 30_000;

/** Notes all that a watch over every register tells, until the session is over. */
export class RegisterWatcher {
  readonly #session: Session;
  readonly #recorder: Recorder;
  readonly #client: string;
  #told = 0;

  constructor(name: string, session: Session, recorder: Recorder) {
    this.#session = session;
    this.#recorder = recorder;
    this.#client = name;
  }

  /** Resolves once the session is over. */
  async run(): Promise<void> {
    try {
      await using watch = await this.#session.watch(registerRoot, { kind: "recursive", initial: true });
      for await (const event of watch) {
        const item = itemOf(event);
        if (item === null) continue;
        this.#told = item.revision;
        this.#recorder.told(this.#client, this.#session.id, item);
      }
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
    }
  }

  /** Asks of the watch, if its session lives on, that it has told what the session has seen. */
  async finish(seen: number): Promise<void> {
    const deadlineMs = performance.now() + patienceMs;
    while (!this.#session.signal.aborted && this.#told < seen) {
      if (performance.now() > deadlineMs) {
        return this.#recorder.owed(this.#client, this.#session.id, seen);
      }
      await pause(pollMs);
    }
  }
}

/** Null for the root itself. */
function itemOf(event: Told): ChainItem | null {
  const { type, revision } = event;
  if (type === "snapshot") {
    const nodes = event.nodes.map(({ path, node }) => {
      return { path, version: node.stat.version, value: text(node.value) };
    });
    return { type, revision, nodes: nodes.filter(({ path }) => path !== registerRoot) };
  }
  const { path, node } = event;
  if (path === registerRoot) return null;
  if (node === null) return { type, revision, path };
  return { type, revision, path, version: node.stat.version, value: text(node.value) };
}
