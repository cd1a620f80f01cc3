import type { Host } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { Members } from "@flotilla/testing/parts";
import { NetworkDialer } from "../../src/client/dialer.ts";
import { openSession } from "../../src/client/open-session.ts";
import type { Session } from "../../src/client/api.ts";
import type { SessionOptions } from "../../src/client/options.ts";
import type { CoordNode, StartOptions } from "../../src/server/api.ts";
import type { NodeHooks } from "../../src/server/node.ts";

/** Whole members on simulated machines, and clients of theirs. */
export class Cluster extends Members {
  constructor(size: number, options: Partial<StartOptions> = {}, seed: string = "1") {
    super(new Kernel({ seed }), size, options);
  }

  /** Starts the members named, all by default. */
  async start(ids: readonly string[] = this.ids, hooks: NodeHooks = {}): Promise<void> {
    await this.kernel.until(Promise.all(ids.map((id) => this.found(id, hooks))));
  }

  node(id: string): CoordNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} was never started`);
    return node;
  }

  /** Starts a member again unless it runs; to be called from within the running world. */
  async restart(id: string): Promise<void> {
    if (!this.kernel.node(id).isRunning) await this.found(id);
  }

  /** The id of the member that leads; waits for one. */
  async leader(among: readonly string[] = this.ids): Promise<string> {
    const find = (): string | undefined => among.find((id) => this.nodes.get(id)?.status().role === "leader");
    await this.kernel.run({ untilMs: this.kernel.nowMs + 60_000, until: () => find() !== undefined });
    const leader = find();
    if (leader === undefined) throw new Error("nobody leads");
    return leader;
  }

  /** Starts a node that is no founder. */
  async join(id: string, options: Partial<StartOptions>): Promise<void> {
    await this.kernel.until(this.open(id, options));
  }

  /** Does something with the disk of a member that does not run. */
  async offline<T>(id: string, work: (options: { dataDir: string; host: Host }) => Promise<T>): Promise<T> {
    const machine = this.kernel.node(id);
    const host = machine.start();
    try {
      return await this.until(work({ dataDir: "data", host }));
    } finally {
      machine.stop();
    }
  }

  /** A session from a machine of its own. */
  async client(options: SessionOptions & { readonly to?: readonly string[] } = {}): Promise<Session> {
    const name = `client-${this.kernel.nodes().length}`;
    const host = this.kernel.node(name).start();
    const endpoints = (options.to ?? this.ids).map((id) => this.address(id));
    const dialer = new NetworkDialer({ host, endpoints, cluster: "flotilla", timeoutMs: 1_000 });
    return this.until(openSession({ ...options, host, dialer }));
  }

  async pass(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    return this.kernel.until(promise, 60_000);
  }
}
