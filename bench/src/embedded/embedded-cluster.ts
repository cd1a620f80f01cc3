import { fileURLToPath } from "node:url";
import { admin } from "@flotilla/coord";
import type { LoadResult, SimpleOperation } from "../load/job.ts";
import { isLoadResult } from "../load/job.ts";
import type { Workload } from "../peers/workloads.ts";
import type { Site } from "../systems/cluster.ts";
import type { Founder } from "../systems/flotilla.ts";
import { founders, memberOptions, startMember } from "../systems/flotilla.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import type { EmbeddedRequest } from "./messages.ts";
import { saysLeader } from "./messages.ts";
import { eventually } from "../systems/prepare.ts";

const program = fileURLToPath(new URL("embedded-main.js", import.meta.url));
/** How an embedded cluster comes to stand. */
export interface EmbeddedOptions {
  /** What the embedded member is. Default the leader. */
  readonly role?: "leader" | "follower";
  /** For the Node.js of the embedded member. */
  readonly nodeArgs?: readonly string[];
}

/** A member process that carries the load itself, and two members beside it. */
export class EmbeddedCluster {
  readonly #all: readonly Founder[];
  readonly #member: Launched;
  readonly #others: readonly Launched[];

  private constructor(all: readonly Founder[], member: Launched, others: readonly Launched[]) {
    this.#all = all;
    this.#member = member;
    this.#others = others;
  }

  /** Starts all three, fills the tree, and gives the embedded member its role. */
  static async start(
    site: Site,
    { role = "leader", nodeArgs = [] }: EmbeddedOptions = {},
  ): Promise<EmbeddedCluster> {
    const all = await founders(site.folder);
    const [self, ...others] = all;
    if (self === undefined) throw new Error("no members");
    const member = site.launch.node([...nodeArgs, program], { pin: "servers", ipc: true, logFile: null });
    const started = ask(member, memberOptions(self, all));
    const rest = others.map((founder) => startMember(site, founder, all));
    const cluster = new EmbeddedCluster(all, member, rest);
    await started;
    await cluster.#ask({ type: "fill" });
    await cluster.#become(role);
    return cluster;
  }

  /** Process ids, the embedded member's first. */
  get pids(): readonly number[] {
    return [this.#member.pid, ...this.#others.map(({ pid }) => pid)];
  }

  /** One round of a workload; the member's own CPU counts as a server's. */
  async run(
    { operation, depth }: Pick<Workload<SimpleOperation>, "operation" | "depth">,
    times: { warmUpMs: number; measureMs: number },
  ): Promise<LoadResult> {
    const watched = { servers: this.pids, idle: [] };
    const answer = await this.#ask({ type: "load", operation, loop: { depth, ...times, watched } });
    if (!isLoadResult(answer)) throw new Error("the member answered with something else");
    return answer;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#member, ...this.#others].map((each) => each.stop()));
  }

  #ask(request: EmbeddedRequest): Promise<unknown> {
    return ask(this.#member, request);
  }

  #become(role: "leader" | "follower"): Promise<void> {
    const [self, other] = this.#all;
    const operator = admin({ endpoints: this.#all.map(({ port }) => `127.0.0.1:${port}`) });
    return eventually(async () => {
      const leads = saysLeader(await this.#ask({ type: "role" }));
      if (leads === (role === "leader")) return;
      await operator.transfer((leads ? other : self)?.id);
      throw new Error(`the embedded member never came to be the ${role}`);
    });
  }
}
