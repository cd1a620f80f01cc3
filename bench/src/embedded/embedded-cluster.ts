import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { admin, nodeStatus } from "@flotilla/coord";
import type { Times } from "../kv/messages.ts";
import type { LoadResult, SimpleOperation } from "../load/job.ts";
import { isLoadResult } from "../load/job.ts";
import type { Workload } from "../peers/workloads.ts";
import type { Site } from "../systems/cluster.ts";
import type { Founder } from "../systems/flotilla.ts";
import { founders, memberOptions, startMember } from "../systems/flotilla.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import { isTimes } from "./loop-delay.ts";
import type { EmbeddedRequest, EmbeddedStart } from "./messages.ts";
import { isProgress, saysLeader } from "./messages.ts";
import { Member } from "../systems/member.ts";
import { eventually } from "../systems/prepare.ts";

const program = fileURLToPath(new URL("embedded-main.js", import.meta.url));
const startingMs = 300_000;
const answerMs = 60_000;
const growingMs = 900_000;
const pollMs = 50;

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
  readonly #member: Member;
  readonly #others: readonly Launched[];

  private constructor(all: readonly Founder[], member: Member, others: readonly Launched[]) {
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
    const launch = (): Launched =>
      site.launch.node([...nodeArgs, program], { pin: "servers", ipc: true, logFile: null });
    const member = new Member(self.port, launch);
    const rest = others.map((founder) => startMember(site, founder, all));
    const cluster = new EmbeddedCluster(all, member, rest);
    await cluster.#begin(false);
    await cluster.#ask({ type: "fill" }, growingMs);
    await cluster.#become(role);
    return cluster;
  }

  /** Process ids, the embedded member's first. */
  get pids(): readonly number[] {
    return [this.#member.process.pid, ...this.#others.map(({ pid }) => pid)];
  }

  /** Where clients connect to, the embedded member's first. */
  get ports(): readonly number[] {
    return this.#all.map(({ port }) => port);
  }

  /** Where the embedded member writes its snapshots. */
  get snapshotFolder(): string {
    return join(this.#all[0]?.folder ?? "", "snapshots");
  }

  /** One round of a workload; the member's own CPU counts as a server's. */
  async run(
    { operation, depth }: Pick<Workload<SimpleOperation>, "operation" | "depth">,
    times: { warmUpMs: number; measureMs: number },
  ): Promise<LoadResult> {
    const watched = { servers: this.pids, idle: [] };
    const patience = times.warmUpMs + times.measureMs + answerMs;
    const request = { type: "load", operation, loop: { depth, ...times, watched } } as const;
    const answer = await this.#ask(request, patience);
    if (!isLoadResult(answer)) throw new Error("the member answered with something else");
    return answer;
  }

  /** Fills the tree up to so many nodes. */
  async grow(nodes: number): Promise<void> {
    await this.#ask({ type: "grow", nodes }, growingMs);
  }

  /** Measures the delay of the embedded member's event loop from now on. */
  async beginDelay(): Promise<void> {
    await this.#ask({ type: "delay-begin" });
  }

  async endDelay(): Promise<Times> {
    const times = await this.#ask({ type: "delay-end" });
    if (!isTimes(times)) throw new Error("the member answered with something else");
    return times;
  }

  /** Ends the embedded member; the others go on. */
  async stopEmbedded(): Promise<void> {
    await this.#member.process.stop();
  }

  /** Starts it again, measures its delay from then on, and resolves once it has what the others had by now. */
  async rejoin(): Promise<void> {
    const [, other] = this.#all;
    const { commit } = await nodeStatus({ endpoints: [`127.0.0.1:${other?.port}`] });
    this.#member.start();
    await this.#begin(true);
    for (;;) {
      const progress = await this.#ask({ type: "progress" });
      if (!isProgress(progress)) throw new Error("the member answered with something else");
      if (progress.applied >= commit) return;
      await pause(pollMs);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#member.process, ...this.#others].map((each) => each.stop()));
  }

  async #begin(delay: boolean): Promise<void> {
    const [self] = this.#all;
    if (self === undefined) throw new Error("no members");
    const options: EmbeddedStart = { member: memberOptions(self, this.#all), delay };
    await ask(this.#member.process, options, startingMs);
  }

  #ask(request: EmbeddedRequest, withinMs: number = answerMs): Promise<unknown> {
    return ask(this.#member.process, request, withinMs);
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
