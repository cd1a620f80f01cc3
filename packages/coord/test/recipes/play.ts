import fc from "fast-check";
import { type Client, World } from "./world.ts";

/** What happens, and how long nothing else does. */
export interface Timed<Step> {
  readonly step: Step;
  readonly thenMs: number;
}

// Mostly quick successions, at times long enough for leases to lapse.
const thenMs = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 10, max: 300 }),
  fc.integer({ min: 300, max: 2_500 }),
);

/** From `minLength` to `maxLength` steps, each followed by a pause. */
export function schedules<Step>(
  step: fc.Arbitrary<Step>,
  lengths: { readonly minLength: number; readonly maxLength: number },
): fc.Arbitrary<readonly Timed<Step>[]> {
  return fc.array(fc.record({ step, thenMs }), lengths);
}

/** What may befall anybody, by place in the crowd, or the leader. */
export type Mishap =
  | { readonly type: "kill" | "cut" | "heal" | "reset"; readonly who: number }
  /** Cut off for about as long as a lease lasts. */
  | { readonly type: "away"; readonly who: number; readonly ms: number }
  | { readonly type: "fail-over" };

const kinds: readonly string[] = [
  "kill",
  "cut",
  "heal",
  "reset",
  "away",
  "fail-over",
] satisfies Mishap["type"][];

export function isMishap(step: { readonly type: string }): step is Mishap {
  return kinds.includes(step.type);
}

/** Arbitraries of mishaps among so many people: `weight` times as many of people as of the leader, and half as many absences. */
export function mishaps(people: number, weight: number): readonly fc.WeightedArbitrary<Mishap>[] {
  const type = fc.constantFrom("kill" as const, "cut" as const, "heal" as const, "reset" as const);
  const who = fc.nat(people - 1);
  const ms = fc.integer({ min: 1_000, max: 2_500 });
  return [
    { weight, arbitrary: fc.record({ type, who }) },
    {
      weight: Math.ceil(weight / 2),
      arbitrary: fc.record({ type: fc.constant("away" as const), who, ms }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("fail-over" as const) }) },
  ];
}

/** People, each on a machine of its own, whose sessions last 1.5 s. */
export class Crowd<Person extends { readonly client: Client }> {
  readonly world: World;
  readonly people: Person[] = [];
  readonly #born: (client: Client) => Person;

  constructor(world: World, born: (client: Client) => Person) {
    this.world = world;
    this.#born = born;
  }

  async enter(many: number): Promise<void> {
    while (this.people.length < many) this.people.push(await this.newcomer());
  }

  get(index: number): Person {
    const person = this.people[index];
    if (person === undefined) throw new Error("nobody");
    return person;
  }

  /** Somebody who is not one of the people yet. */
  async newcomer(): Promise<Person> {
    return this.#born(await this.world.client({ sessionTtlMs: 1_500 }));
  }

  /** The machine crashes; a newcomer stands in the place. */
  async kill(index: number): Promise<void> {
    this.world.kernel.node(this.get(index).client.machine).crash();
    this.people[index] = await this.newcomer();
  }

  /** Its links are cut, stand again, or are reset. */
  touchLinks(how: "cut" | "heal" | "reset", { client }: Person): void {
    if (how === "cut") this.world.isolate(client);
    else if (how === "heal") this.world.heal(client);
    else this.world.reset(client);
  }

  /** It is cut off for as long: so that its lease lapses, and its session may be there still. */
  away({ client }: Person, ms: number): void {
    this.world.isolate(client);
    this.world.kernel.after(ms, () => this.world.heal(client));
  }

  /** The leader crashes, and is back a second later. */
  async failOver(): Promise<void> {
    const { cluster, kernel } = this.world;
    const leader = await cluster.leader();
    kernel.node(leader).crash();
    kernel.after(1_000, () => void cluster.restart(leader));
    await this.world.pass(10);
  }

  async suffer(mishap: Mishap): Promise<void> {
    if (mishap.type === "fail-over") await this.failOver();
    else if (mishap.type === "kill") await this.kill(mishap.who);
    else if (mishap.type === "away") this.away(this.get(mishap.who), mishap.ms);
    else this.touchLinks(mishap.type, this.get(mishap.who));
  }

  /** Links heal, and 20 s pass, in which whatever is to end has ended. */
  async calm(): Promise<void> {
    this.world.kernel.network.healAll();
    await this.world.pass(20_000);
  }
}

/** One run in a world of its own. */
export interface Play<Step> {
  enter(): Promise<void>;
  perform(step: Step): Promise<void>;
  /** When all steps are done: brings calm and looks at what is left. */
  end(): Promise<void>;
  /** How often that happened which the test is about. */
  readonly count: number;
}

/** Members forget the past soon: whoever is away for a while is told everything anew. */
export const historyEvents = 12;

/** The search for a smaller schedule takes longer than a test may: only when `SHRINK` of the environment is set. */
const endOnFailure = process.env["SHRINK"] === undefined;

/** Plays `runs` random schedules. Returns the sum of the counts. */
export async function playAll<Step>(
  seedPrefix: string,
  schedule: fc.Arbitrary<readonly Timed<Step>[]>,
  runs: number,
  begin: (world: World) => Play<Step>,
): Promise<number> {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), schedule, async (seed, steps) => {
      const world = await World.start(3, `${seedPrefix} ${seed}`, { historyEvents });
      const play = begin(world);
      await play.enter();
      for (const { step, thenMs: ms } of steps) {
        await play.perform(step);
        await world.pass(ms);
      }
      await play.end();
      count += play.count;
    }),
    { numRuns: runs, endOnFailure },
  );
  return count;
}

/** How many schedules a test plays: `RUNS` of the environment, or `otherwise`. */
export const runsOr = (otherwise: number): number => Number(process.env["RUNS"] ?? otherwise);
