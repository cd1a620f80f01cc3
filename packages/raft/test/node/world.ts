import type { Host, Listener } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { peerMaxFrameBytes, peerProtocols, RaftNode } from "../../src/index.ts";
import type { Proposed, RaftOptions, StopReason } from "../../src/index.ts";
import { Counter } from "./counter.ts";

/** A running process of one member. */
export interface Process {
  readonly node: RaftNode;
  readonly counter: Counter;
  stopped: StopReason | null;
}

/** Members on simulated machines. */
export class World {
  readonly kernel: Kernel;
  readonly ids: readonly string[];
  readonly running: Map<string, Process> = new Map();
  readonly #options: Partial<RaftOptions>;

  constructor(seed: number, ids: readonly string[], options: Partial<RaftOptions> = {}) {
    this.kernel = new Kernel({ seed });
    this.ids = ids;
    this.#options = options;
  }

  /** What a founding member starts with, beside the options of the world. */
  get birth(): Partial<RaftOptions> {
    return { bootstrap: this.ids.map((each) => ({ id: each, address: `${each}:1` })) };
  }

  async start(
    id: string,
    counter: Counter = new Counter(),
    options: Partial<RaftOptions> = {},
  ): Promise<void> {
    await this.kernel.until(this.begin(id, counter, { ...this.birth, ...options }));
  }

  /** Starts a node that no member knows. */
  async join(id: string): Promise<void> {
    await this.kernel.until(this.begin(id, new Counter(), { join: true }));
  }

  /** The same, while somebody else lets the world happen. */
  async begin(
    id: string,
    counter: Counter = new Counter(),
    options: Partial<RaftOptions> = this.birth,
  ): Promise<void> {
    const process = await this.#open(id, this.kernel.node(id).start(), counter, options);
    this.running.set(id, process);
    void process.node.closed.then((reason) => {
      process.stopped = reason;
    });
  }

  async startAll(): Promise<void> {
    for (const id of this.ids) await this.start(id);
  }

  crash(id: string, powerOff: boolean): void {
    this.kernel.node(id).crash({ powerOff });
    this.running.delete(id);
  }

  async runFor(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  /** The process that leads, in the highest term. */
  leader(): Process | undefined {
    const leaders = [...this.running.values()].filter(
      ({ node, stopped }) => stopped === null && node.status().established,
    );
    return leaders.toSorted((a, b) => b.node.status().term - a.node.status().term)[0];
  }

  async untilLeader(): Promise<Process> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + 60_000, until: () => this.leader() !== undefined });
    const leader = this.leader();
    if (leader === undefined) throw new Error("no leader within a minute");
    return leader;
  }

  async propose(process: Process, text: string): Promise<Proposed> {
    return process.node.propose(new TextEncoder().encode(text));
  }

  async #open(id: string, host: Host, counter: Counter, options: Partial<RaftOptions>): Promise<Process> {
    const node = await RaftNode.open({
      host,
      id,
      cluster: "test",
      stateMachine: counter,
      ...this.#options,
      ...options,
    });
    const listener: Listener = await host.network.listen(
      { address: `${id}:1`, protocols: peerProtocols, maxFrameBytes: peerMaxFrameBytes },
      (channel) => node.accept(channel),
    );
    void node.closed.then(async () => listener.close());
    return { node, counter, stopped: null };
  }
}
