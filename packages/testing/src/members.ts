import { startNode } from "@flotilla/coord/node";
import type { CoordNode, NodeHooks, StartOptions } from "@flotilla/coord/node";
import type { Kernel } from "@flotilla/runtime/sim";

const port = 7000;

/** Whole members on simulated machines. */
export class Members {
  readonly kernel: Kernel;
  readonly ids: readonly string[];
  readonly nodes: Map<string, CoordNode> = new Map();
  /** What every member is started with besides its identity. */
  readonly options: Partial<StartOptions>;

  constructor(kernel: Kernel, size: number, options: Partial<StartOptions> = {}) {
    this.kernel = kernel;
    this.options = options;
    this.ids = Array.from({ length: size }, (_, k) => `n${k + 1}`);
  }

  address(id: string): string {
    return `${id}:${port}`;
  }

  /** Starts a founder on a machine whose process is gone. */
  async found(id: string, hooks: NodeHooks = {}): Promise<void> {
    const bootstrap = this.ids.map((member) => ({ id: member, address: this.address(member) }));
    await this.open(id, { bootstrap }, hooks);
  }

  /** Starts a node, a founder or not. */
  async open(id: string, options: Partial<StartOptions>, hooks: NodeHooks = {}): Promise<void> {
    const host = this.kernel.node(id).start();
    // That of an earlier process says nothing any more.
    this.nodes.delete(id);
    const own = { id, dataDir: "data", listen: this.address(id), insecure: true };
    this.nodes.set(id, await startNode({ ...own, ...options, ...this.options, host }, hooks));
  }

  /** The member that leads now, of the newest term if two say so. */
  leading(among: readonly string[] = this.ids): string | undefined {
    let leader: string | undefined;
    let newest = -1;
    for (const id of among) {
      const status = this.kernel.node(id).isRunning ? this.nodes.get(id)?.status() : undefined;
      if (status?.role !== "leader" || status.term <= newest) continue;
      leader = id;
      newest = status.term;
    }
    return leader;
  }
}
