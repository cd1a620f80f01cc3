import { setMaxListeners } from "node:events";
import type { Coord, CoordNode, Leadership } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { aborted } from "../cli/context.ts";
import { Corpus } from "../search/corpus.ts";
import { readDocumentsFile } from "./documents-file.ts";
import type { JsonServer, Reply } from "./http.ts";
import { serveJson } from "./http.ts";
import type { Line } from "./ipc.ts";
import { Leader } from "./leader.ts";
import type { MemberSpec, MemberStatus } from "./messages.ts";
import { participate } from "./participation.ts";
import { readQuery } from "./shapes.ts";
import { sleep } from "./time.ts";
import { Worker } from "./worker.ts";

const retryMs = 100;
const statusEveryMs = 150;
const preparedAtOnce = 4;

/** One process of the demo: campaigns, works, leads. With or without a voter of its own. */
export class DemoMember {
  readonly #spec: MemberSpec;
  readonly #line: Line;
  readonly #stop: AbortSignal;
  readonly #corpus: Corpus;
  readonly #worker: Worker;
  #leader: Leader | null = null;
  #leading: number | null = null;
  #registered = false;
  #pauseAsked = false;

  private constructor(spec: MemberSpec, line: Line, stop: AbortSignal, corpus: Corpus) {
    this.#spec = spec;
    this.#line = line;
    this.#stop = stop;
    setMaxListeners(0, stop);
    this.#corpus = corpus;
    this.#worker = new Worker(corpus, (epoch, highest) =>
      line.send({ type: "stale-refused", epoch, highest }),
    );
  }

  static async load(spec: MemberSpec, line: Line, stop: AbortSignal): Promise<DemoMember> {
    return new DemoMember(spec, line, stop, new Corpus(await readDocumentsFile(spec.documentsFile)));
  }

  /** Stops this process at its next query as leader. */
  askPause(): void {
    this.#pauseAsked = true;
  }

  /** Resolves once it was told to stop and has closed everything. */
  async run(): Promise<void> {
    const node = await this.#startVoter();
    const server = await serveJson((path, body) => this.#handle(path, body));
    this.#line.send({ type: "ready", address: server.address });
    void this.#prepare();
    const ticker = setInterval(() => this.#tell(node), statusEveryMs);
    try {
      await Promise.race([this.#participateForGood(node, server), this.#voterFailure(node)]);
    } finally {
      clearInterval(ticker);
      server.close();
      await node?.close();
    }
  }

  /** So that the first share after a restart is as quick as later ones; a few documents a turn. */
  async #prepare(): Promise<void> {
    for (const [i, name] of this.#corpus.names.entries()) {
      this.#corpus.prepare(name);
      if (i % preparedAtOnce === 0) await sleep(1, this.#stop);
      if (this.#stop.aborted) return;
    }
  }

  async #startVoter(): Promise<CoordNode | null> {
    const { id, cluster, sessionTtlMs, voter } = this.#spec;
    if (voter === null) return null;
    // Loaded only where it is needed: a thin client does without the database.
    const { start } = await import("@flotilla/coord");
    return start({ id, cluster, sessionTtlMs, ...voter });
  }

  async #voterFailure(node: CoordNode | null): Promise<void> {
    const reason = await node?.closed;
    if (reason?.type === "failed") throw reason.error;
    await aborted(this.#stop);
  }

  /** A lost session is replaced by a new one. */
  async #participateForGood(node: CoordNode | null, { address }: JsonServer): Promise<void> {
    while (!this.#stop.aborted) {
      try {
        const coord = await this.#connect(node);
        try {
          await participate(coord, this.#part(address), this.#stop);
        } finally {
          await coord.close();
        }
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
      this.#registered = false;
      await sleep(retryMs, this.#stop);
    }
  }

  async #connect(node: CoordNode | null): Promise<Coord> {
    const { endpoints, cluster, sessionTtlMs } = this.#spec;
    if (node !== null) return node.connect({ sessionTtlMs });
    const { connect } = await import("@flotilla/coord/client");
    return connect({ endpoints, cluster, sessionTtlMs, signal: this.#stop });
  }

  #part(address: string): Parameters<typeof participate>[1] {
    return {
      id: this.#spec.id,
      address,
      onRegistered: (registered) => (this.#registered = registered),
      lead: (leadership, workers) =>
        this.#lead(leadership, () => workers.instances.map((worker) => worker.address)),
    };
  }

  async #lead(leadership: Leadership, workers: () => readonly string[]): Promise<void> {
    this.#worker.raise(leadership.epoch);
    this.#leader = new Leader({
      leadership,
      corpus: this.#corpus,
      workers,
      beforeCheck: () => this.#pausePoint(),
    });
    this.#leading = leadership.epoch;
    await aborted(leadership.signal);
    this.#leader = null;
    this.#leading = null;
  }

  /** When a pause is asked for, the process stops between the check and the first task. */
  async #pausePoint(): Promise<() => void> {
    if (!this.#pauseAsked || this.#leading === null) return () => {};
    this.#pauseAsked = false;
    await this.#line.sendNow({ type: "pausing", epoch: this.#leading });
    return () => process.kill(process.pid, "SIGSTOP");
  }

  async #handle(path: string, body: unknown): Promise<Reply> {
    if (path === "/task") return this.#worker.work(body);
    if (path !== "/query") return { status: 404, body: { error: "there is /query and /task" } };
    const leader = this.#leader;
    if (leader === null) return { status: 503, body: { error: "not the leader" } };
    try {
      return { status: 200, body: await leader.answer(readQuery(body)) };
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      return { status: 503, body: { error: error.message, code: error.code } };
    }
  }

  #tell(node: CoordNode | null): void {
    this.#line.send({ type: "status", status: this.#status(node) });
  }

  #status(node: CoordNode | null): MemberStatus {
    const status = node?.status() ?? null;
    return {
      node:
        status === null
          ? null
          : {
              role: status.role,
              term: status.term,
              leader: status.leader,
              commit: status.commit,
              applied: status.applied,
              lastIndex: status.lastIndex,
            },
      leading: this.#leading,
      registered: this.#registered,
      tasks: this.#worker.tasks,
    };
  }
}
