import { changesFold } from "@flotilla/history";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { GroupChange, GroupMembership } from "../../src/recipes/group/api.ts";
import { foldedMembers } from "./members.ts";
import { Crowd, isMishap, type Mishap, mishaps, type Play, playAll, runsOr, schedules } from "./play.ts";
import { type Client, collect, type World } from "./world.ts";

const people = 3;
const ids = ["a", "b"];

type Step =
  | { readonly type: "join" | "leave" | "update"; readonly who: number; readonly id: string }
  | Mishap;

const who = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constantFrom("join" as const, "join" as const, "leave" as const, "update" as const),
      who,
      id: fc.constantFrom(...ids),
    }),
  },
  ...mishaps(people, 5),
);
const schedule = schedules(step, { minLength: 20, maxLength: 50 });

interface Person {
  readonly client: Client;
  readonly memberships: GroupMembership[];
}

class Gathering implements Play<Step> {
  readonly #crowd: Crowd<Person>;
  /** What the sessions that live were told. */
  readonly #streams = new Map<string, readonly GroupChange[]>();
  count = 0;

  constructor(world: World) {
    this.#crowd = new Crowd(world, (client) => {
      this.#observe(client);
      return { client, memberships: [] };
    });
  }

  async enter(): Promise<void> {
    await this.#crowd.enter(people);
  }

  async perform(step: Step): Promise<void> {
    if (!isMishap(step)) {
      this.#do(step.type, this.#crowd.get(step.who), step.id);
      return;
    }
    if (step.type === "kill") this.#streams.delete(this.#crowd.get(step.who).client.machine);
    await this.#crowd.suffer(step);
  }

  /** When all is calm, everybody knows those who joined and did not leave; nobody was told of changes that were none. */
  async end(): Promise<void> {
    const { world } = this.#crowd;
    await this.#crowd.calm();
    const { client } = await this.#crowd.newcomer();
    await world.pass(1_000);
    const expected = this.#crowd.people
      .flatMap(({ memberships }) => memberships)
      .filter(({ signal }) => !signal.aborted)
      .map(({ member }) => member)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(await world.until(client.coord.group("x").members())).toEqual(expected);
    for (const changes of this.#streams.values()) {
      expect(changes.at(-1)?.members).toEqual(expected);
      expect(foldedMembers(changes)).toEqual(expected);
      expect(changesFold(changes).violations).toEqual([]);
    }
  }

  #observe({ coord, session, machine }: Client): void {
    const { items } = collect(coord.group("x").watch());
    this.#streams.set(machine, items);
    session.signal.addEventListener("abort", () => this.#streams.delete(machine));
  }

  #do(type: string, { client, memberships }: Person, id: string): void {
    const mine = memberships.filter(({ member }) => member.id === id);
    if (type === "join") {
      this.count += 1;
      client.coord
        .group("x")
        .join({ number: String(this.count) }, { id, timeoutMs: 3_000 })
        .then((membership) => memberships.push(membership), ignore);
    } else if (type === "leave") {
      // Also those that are over for long, under an id that is another's by now.
      for (const membership of mine) membership.leave().catch(ignore);
    } else {
      for (const membership of mine) membership.update({ again: String(this.count) }).catch(ignore);
    }
  }
}

/** Its session was lost, its machine, or its membership. */
function ignore(): void {}

const runs = runsOr(10);

test("whatever people and machines do, all are told who joins and leaves, each once and in order", async () => {
  const joins = await playAll("group", schedule, runs, (world) => new Gathering(world));
  expect(joins).toBeGreaterThan(runs * 2);
}, 300_000);
