import type { Host } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { NetworkDialer } from "../../src/client/dialer.ts";
import { openSession } from "../../src/client/open-session.ts";
import type { Session } from "../../src/client/api.ts";
import type { SessionOptions } from "../../src/client/options.ts";
import type { CoordNode, StartOptions } from "../../src/server/api.ts";
import type { NodeHooks } from "../../src/server/node.ts";
import { startNode } from "../../src/server/node.ts";

/** Whole members on simulated machines. */
export class Cluster {
  readonly kernel: Kernel;
  readonly ids: readonly string[];
  readonly nodes = new Map<string, CoordNode>();
  /** What every member is started with besides its identity. */
  readonly options: Partial<StartOptions>;

  constructor(size: number, options: Partial<StartOptions> = {}, seed: string = "1") {
    this.kernel = new Kernel({ seed });
    this.options = options;
    this.ids = Array.from({ length: size }, (_, k) => `n${k + 1}`);
  }

  address(id: string): string {
    return `${id}:7000`;
  }

  /** Starts the members named, all by default. */
  async start(ids: readonly string[] = this.ids, hooks: NodeHooks = {}): Promise<void> {
    await this.kernel.until(Promise.all(ids.map((id) => this.#start(id, hooks))));
  }

  node(id: string): CoordNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} was never started`);
    return node;
  }

  /** Starts a member again unless it runs; to be called from within the running world. */
  async restart(id: string): Promise<void> {
    if (!this.kernel.node(id).isRunning) await this.#start(id, {});
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
    await this.kernel.until(this.#open(id, options, {}));
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

  async #start(id: string, hooks: NodeHooks): Promise<void> {
    const bootstrap = this.ids.map((member) => ({ id: member, address: this.address(member) }));
    await this.#open(id, { bootstrap }, hooks);
  }

  async #open(id: string, options: Partial<StartOptions>, hooks: NodeHooks): Promise<void> {
    const host = this.kernel.node(id).start();
    const own = { id, dataDir: "data", listen: this.address(id), insecure: true };
    this.nodes.set(id, await startNode({ ...own, ...options, ...this.options, host }, hooks));
  }
}
