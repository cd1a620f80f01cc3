import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RaftStatus } from "@flotilla/raft";
import type { Site } from "../systems/cluster.ts";
import type { Founder } from "../systems/flotilla.ts";
import { founders } from "../systems/flotilla.ts";
import type { Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import { answers } from "./messages.ts";
import type { RaftAnswers, RaftMemberOptions, RaftRequest } from "./messages.ts";

const program = fileURLToPath(new URL("member-main.js", import.meta.url));
const pollMs = 20;
const patienceMs = 30_000;

/** One member of three, in a process of its own. */
export class RaftMember {
  readonly #site: Site;
  readonly #options: RaftMemberOptions;
  readonly #nodeArgs: readonly string[];
  #process: Launched | null = null;

  constructor(site: Site, options: RaftMemberOptions, nodeArgs: readonly string[]) {
    this.#site = site;
    this.#options = options;
    this.#nodeArgs = nodeArgs;
  }

  /** Starts its process, on the data it left. */
  async start(): Promise<void> {
    const { launch } = this.#site;
    this.#process = launch.node([...this.#nodeArgs, program], { pin: "servers", ipc: true, logFile: null });
    await ask(this.#process, this.#options);
  }

  /** @throws Error when its process ends first */
  async ask<T extends RaftRequest["type"]>(
    request: Extract<RaftRequest, { readonly type: T }>,
  ): Promise<RaftAnswers[T]> {
    if (this.#process === null) throw new Error("the member is not running");
    const answer = await ask(this.#process, request);
    if (!answers<T>(request.type, answer)) throw new Error("the member answered with something else");
    return answer.answer;
  }

  /** Kills its process with SIGKILL. */
  async kill(): Promise<void> {
    this.#process?.child.kill("SIGKILL");
    await this.#process?.exited;
    this.#process = null;
  }

  /** Closes the node and ends its process. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}

/** A cluster that serves: who leads it, and the others. */
export interface Serving {
  readonly term: number;
  readonly leader: RaftMember;
  readonly followers: readonly RaftMember[];
}

function isSettled(statuses: readonly RaftStatus[]): boolean {
  const leader = statuses.find(({ established }) => established);
  if (leader === undefined) return false;
  return statuses.every(
    ({ leader: known, term, applied, peers }) =>
      known === leader.id &&
      term === leader.term &&
      applied === leader.commit &&
      peers.every(({ connected }) => connected),
  );
}

/** Three bare members with default settings, each a process, joined by sockets over loopback. */
export class RaftCluster {
  readonly #members: readonly RaftMember[];

  private constructor(members: readonly RaftMember[]) {
    this.#members = members;
  }

  /** Starts all three. `nodeArgs` are for the Node.js of each. */
  static async start(site: Site, nodeArgs: readonly string[] = []): Promise<RaftCluster> {
    const all = await founders(site.folder);
    const addresses = all.map(({ id, port }: Founder) => ({ id, address: `127.0.0.1:${port}` }));
    const members = all.map((self) => new RaftMember(site, { ...self, founders: addresses }, nodeArgs));
    await Promise.all(members.map((member) => member.start()));
    return new RaftCluster(members);
  }

  /** Waits until one leads, all are connected, and each has applied everything. @throws Error after half a minute */
  async settled(): Promise<Serving> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      const statuses = await Promise.all(this.#members.map((member) => member.ask({ type: "status" })));
      const at = statuses.findIndex(({ established }) => established);
      const leader = this.#members[at];
      if (leader !== undefined && isSettled(statuses)) {
        const followers = this.#members.filter((member) => member !== leader);
        return { term: statuses[at]?.term ?? 0, leader, followers };
      }
      if (performance.now() > untilMs) throw new Error("the members found no leader");
      await pause(pollMs);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }
}
