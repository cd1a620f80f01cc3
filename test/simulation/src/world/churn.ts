import { isJoint, membersOf } from "@flotilla/raft";
import type { Configuration, MemberChange } from "@flotilla/raft";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { pick } from "../plan/draw.ts";
import type { Server } from "./server.ts";
import type { World } from "./world.ts";

const leastVoters = 3;
const mostVoters = 5;
const pauseMs = 200;
/** An answer that takes longer may never come: the process that was asked may be gone. */
const patienceMs = 3000;

/** What is to become of the members, one thing at a time. */
interface Wish {
  readonly about: string;
  /** True when a configuration is as it is to be. */
  readonly isMet: (config: Configuration) => boolean;
  /** What to ask for next; null: nothing but to wait. */
  readonly changes: (config: Configuration) => readonly MemberChange[] | null;
  /** True: it may come to nothing. */
  readonly isIdle: () => boolean;
}

/** Refusals after which it is asked again. */
const passing: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_NOT_LEADER",
  "ERR_FLOTILLA_CHANGE_PENDING",
  "ERR_FLOTILLA_NOT_CAUGHT_UP",
  "ERR_FLOTILLA_NO_QUORUM",
  "ERR_FLOTILLA_BAD_VERSION",
  "ERR_FLOTILLA_CLOSED",
  "ERR_FLOTILLA_UNKNOWN_OUTCOME",
]);

function isIn(config: Configuration, { id, view }: Server): boolean {
  return membersOf(config).some(
    ({ id: member, incarnation }) => member === id && incarnation === view.incarnation,
  );
}

function isVoter({ voters }: Configuration, { id, view }: Server): boolean {
  return voters.some((voter) => voter.id === id && voter.incarnation === view.incarnation);
}

/**
 * Changes members while the world runs, at whichever of them leads. One wish at a time, so that at most one voter
 * has lost its data; always 3 to 5 voters. A machine that was called up, or wiped, goes on until it is a voter; a
 * removal alone is given up when its time is over.
 */
export class Churn {
  readonly #world: World;
  #wish: Wish | null = null;
  #asks = 0;
  #askedMs: number | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** What is not yet as it is to be. */
  get unmet(): readonly string[] {
    return this.#wish === null ? [] : [`${this.#wish.about} is not through`];
  }

  /** Begins a wish; returns whom it is about, or null when it cannot be now. */
  begin(how: string, random: KeyedRandom, isOver: () => boolean): string | null {
    const config = this.#settled();
    if (this.#wish !== null || config === null) return null;
    const wish = this.#make(how, random, config, isOver);
    if (wish === null) return null;
    this.#wish = wish;
    this.#askedMs = null;
    this.#askNewLeaders(wish);
    this.#tend(wish);
    return wish.about;
  }

  /** The configuration of the leader when nothing is under way; null otherwise. */
  #settled(): Configuration | null {
    const status = this.#world.leader?.raft?.status();
    if (status === undefined || !status.established || !status.configurationCommitted) return null;
    const { configuration } = status;
    return isJoint(configuration) || configuration.historyId === "" ? null : configuration;
  }

  #make(how: string, random: KeyedRandom, config: Configuration, isOver: () => boolean): Wish | null {
    if (how === "add") return this.#add(config);
    const victim = this.#victim(how, random, config);
    if (victim === null) return null;
    if (how === "replace") return this.#replace(victim);
    return how === "swap" ? this.#swap(victim) : this.#remove(victim, config, isOver);
  }

  /** Members that clients live in stay. */
  #victim(how: string, random: KeyedRandom, config: Configuration): Server | null {
    const { servers, clients, leader } = this.#world;
    const hosts = new Set(clients.map(({ plan }) => plan.embeddedIn));
    const free = servers.filter((server, index) => !hosts.has(index) && isVoter(config, server));
    const leads = how === "remove-leader" || (how === "swap" && random.chance(0.5));
    const pool = free.filter((server) => (server === leader) === leads);
    return pool.length === 0 ? null : pick(random, pool);
  }

  #spare(): Server | null {
    return this.#world.servers.find(({ state }) => state === "spare") ?? null;
  }

  /** The product asks the cluster by itself. */
  #add({ voters }: Configuration): Wish | null {
    const spare = voters.length < mostVoters ? this.#spare() : null;
    if (spare === null) return null;
    const { members, plan } = this.#world;
    const asksItself = plan.logAlone === undefined;
    spare.callUp(members.map(({ address }) => address));
    return {
      about: `adding ${spare.id}`,
      isMet: (config) => isVoter(config, spare),
      changes: (config) => (asksItself || isIn(config, spare) ? null : admission(spare, "promote")),
      isIdle: () => false,
    };
  }

  #remove(victim: Server, { voters }: Configuration, isOver: () => boolean): Wish | null {
    if (voters.length <= leastVoters) return null;
    return {
      about: `removing ${victim.id}`,
      isMet: (config) => !isIn(config, victim),
      changes: (config) => (config.voters.length > leastVoters ? [{ type: "remove", id: victim.id }] : null),
      isIdle: isOver,
    };
  }

  #replace(victim: Server): Wish | null {
    if (!victim.replace()) return null;
    return {
      about: `replacing ${victim.id}`,
      isMet: (config) => isVoter(config, victim),
      changes: (config) => (isIn(config, victim) ? null : admission(victim, "promote")),
      isIdle: () => false,
    };
  }

  /** Two voters change at once, by a joint configuration. */
  #swap(victim: Server): Wish | null {
    const spare = this.#spare();
    if (spare === null) return null;
    spare.callUp([]);
    return {
      about: `putting ${spare.id} in the place of ${victim.id}`,
      isMet: (config) => isVoter(config, spare) && !isIn(config, victim),
      changes: (config) =>
        isIn(config, spare)
          ? [
              { type: "promote", id: spare.id },
              { type: "remove", id: victim.id },
            ]
          : admission(spare, "stay"),
      isIdle: () => false,
    };
  }

  #tend(wish: Wish): void {
    if (this.#wish !== wish || this.#world.findings.isBroken()) return;
    const config = this.#settled();
    const isThrough = config !== null && wish.isMet(config);
    if (isThrough || (wish.isIdle() && this.#askedMs === null)) {
      this.#wish = null;
      return;
    }
    if (!wish.isIdle()) this.#ask(wish);
    this.#world.kernel.after(pauseMs, () => this.#tend(wish));
  }

  /** Each is asked at once, before it has committed anything. */
  #askNewLeaders(wish: Wish): void {
    const { kernel, moments, findings } = this.#world;
    moments.at("leader", 1, () => {
      kernel.after(0, () => {
        if (this.#wish !== wish || findings.isBroken()) return;
        this.#askedMs = null;
        if (!wish.isIdle()) this.#ask(wish);
        this.#askNewLeaders(wish);
      });
    });
  }

  /** Whoever leads is asked, whatever it is in the middle of: to refuse what cannot be now is its business. */
  #ask(wish: Wish): void {
    const { kernel, crashed, leader } = this.#world;
    if (this.#askedMs !== null && kernel.nowMs - this.#askedMs < patienceMs) return;
    const raft = leader?.raft;
    if (raft === undefined || raft === null) return;
    const config = raft.status().configuration;
    const changes = config.historyId === "" ? null : wish.changes(config);
    if (changes === null) return;
    this.#asks += 1;
    const ask = this.#asks;
    this.#askedMs = kernel.nowMs;
    const answered = (): void => {
      if (ask === this.#asks) this.#askedMs = null;
    };
    raft.changeMembers(changes, { ifVersion: config.index }).then(answered, (error: unknown) => {
      answered();
      if (!FlotillaError.is(error) || !passing.has(error.code)) crashed(error);
    });
  }
}

/** Null until it has told the name of its data. */
function admission({ id, address, view }: Server, then: "promote" | "stay"): readonly MemberChange[] | null {
  const { incarnation } = view;
  if (incarnation === "") return null;
  return [{ type: "add", id, address, incarnation, promote: then === "promote" }];
}
