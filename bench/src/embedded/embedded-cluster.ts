import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LoadResult } from "../load/job.ts";
import { isLoadResult } from "../load/job.ts";
import type { Workload } from "../peers/workloads.ts";
import type { Site } from "../systems/cluster.ts";
import type { Founder } from "../systems/flotilla.ts";
import { founders, startMember } from "../systems/flotilla.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import type { EmbeddedRequest, MemberOptions } from "./messages.ts";
import { saysLeader } from "./messages.ts";

const program = fileURLToPath(new URL("embedded-main.js", import.meta.url));
const tries = 20;
const settleMs = 500;

function memberOptions(self: Founder, all: readonly Founder[]): MemberOptions {
  return {
    id: self.id,
    dataDir: self.folder,
    listen: `127.0.0.1:${self.port}`,
    bootstrap: all.map(({ id, port }) => ({ id, address: `127.0.0.1:${port}` })),
  };
}

/** A member process that carries the load itself, and two members beside it. */
export class EmbeddedCluster {
  readonly #site: Site;
  readonly #all: readonly Founder[];
  readonly #member: Launched;
  #others: readonly { readonly founder: Founder; readonly process: Launched }[];

  private constructor(site: Site, all: readonly Founder[], member: Launched, others: readonly Founder[]) {
    this.#site = site;
    this.#all = all;
    this.#member = member;
    this.#others = others.map((founder) => ({ founder, process: startMember(site, founder, all) }));
  }

  /** Starts all three, fills the tree, and makes the embedded member the leader. `nodeArgs` are for its Node.js. */
  static async start(site: Site, nodeArgs: readonly string[] = []): Promise<EmbeddedCluster> {
    const all = await founders(site.folder);
    const [self, ...others] = all;
    if (self === undefined) throw new Error("no members");
    const member = site.launch.node([...nodeArgs, program], { pin: "servers", ipc: true, logFile: null });
    const started = ask(member, memberOptions(self, all));
    const cluster = new EmbeddedCluster(site, all, member, others);
    await started;
    await cluster.#ask({ type: "fill" });
    await cluster.#lead();
    return cluster;
  }

  /** Process ids, the embedded member's first. */
  get pids(): readonly number[] {
    return [this.#member.pid, ...this.#others.map(({ process }) => process.pid)];
  }

  /** One round of a workload; the member's own CPU counts as a server's. */
  async run(
    { operation, depth }: Workload,
    times: { warmUpMs: number; measureMs: number },
  ): Promise<LoadResult> {
    const watched = { servers: this.pids, idle: [] };
    const answer = await this.#ask({ type: "load", loop: { operation, depth, ...times, watched } });
    if (!isLoadResult(answer)) throw new Error("the member answered with something else");
    return answer;
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#member, ...this.#others.map(({ process }) => process)].map((each) => each.stop()),
    );
  }

  #ask(request: EmbeddedRequest): Promise<unknown> {
    return ask(this.#member, request);
  }

  // A leader that is asked to end hands over; sooner or later the embedded member is the one.
  async #lead(): Promise<void> {
    for (let k = 0; k < tries; k += 1) {
      if (saysLeader(await this.#ask({ type: "role" }))) return;
      const next = this.#others[k % this.#others.length];
      if (next === undefined) return;
      await next.process.stop();
      await pause(settleMs);
      const process = startMember(this.#site, next.founder, this.#all);
      this.#others = this.#others.map((each) => (each === next ? { founder: next.founder, process } : each));
      await pause(settleMs);
      await this.#ask({ type: "fill" });
    }
    throw new Error("the embedded member never came to lead");
  }
}
