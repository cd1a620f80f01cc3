import type { LeaseId, LeaseInfo } from "@flotilla/kv";
import { LeaseChanges } from "@flotilla/kv";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Renewed } from "../../src/server/lease-times.ts";
import { LeaseTimes } from "../../src/server/lease-times.ts";

const sessions = 3;
const leasesEach = 5;
const ttls = [500, 1_000, 1_700] as const;

type Step =
  | { readonly type: "pass"; readonly ms: number }
  | {
      readonly type: "grant" | "doom" | "end" | "expire" | "spare";
      readonly who: number;
      readonly which: number;
    }
  /** As the very list of the last time, or as another one of the same leases. */
  | { readonly type: "renew"; readonly who: number; readonly again: boolean }
  /** Some of them, in another order, twice, or of two sessions. */
  | { readonly type: "renew-some"; readonly ids: readonly number[] }
  | { readonly type: "attach"; readonly who: number }
  | { readonly type: "sweep" | "look" | "vouch" | "begin" | "change-many" };

const who = fc.nat(sessions - 1);
const which = fc.nat(leasesEach - 1);
const kinds = fc.constantFrom("grant", "grant", "grant", "doom", "end", "expire", "spare", "spare");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.nat(300) }) },
  { weight: 3, arbitrary: fc.record({ type: kinds, who, which }) },
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant("renew" as const), who, again: fc.nat(4).map((k) => k > 0) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("renew-some" as const),
      ids: fc.array(fc.nat(sessions * leasesEach - 1), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("attach" as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("look", "vouch") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("sweep", "sweep", "begin", "change-many") }) },
);

function idOf(who: number, which: number): LeaseId {
  return `${who}${which}`.padEnd(32, "0");
}

function timesLeft(times: LeaseTimes): (number | null)[] {
  return Array.from({ length: sessions * leasesEach }, (_, k) =>
    times.leftMs(idOf(k % sessions, Math.floor(k / sessions))),
  );
}

/** Times of lists, beside the same where each lease is renewed by itself. */
class Twins {
  /** Lists that moved one time for all. */
  together = 0;
  readonly #changes = new LeaseChanges();
  readonly #table = new Map<LeaseId, LeaseInfo>();
  readonly #lists = new Map<number, readonly LeaseId[]>();
  readonly #waiting: { readonly list: Renewed; readonly each: readonly Renewed[] }[] = [];
  readonly #ending = new Set<LeaseId>();
  readonly #listed: LeaseTimes;
  readonly #single: LeaseTimes;
  #now = 1_000;

  constructor() {
    const options = {
      leases: {
        featureLevel: 1,
        leaseChanges: this.#changes,
        lease: (id: LeaseId) => this.#table.get(id) ?? null,
        leases: () => [...this.#table.values()],
        owned: () => 0,
      },
      steadyNow: () => this.#now,
    };
    this.#listed = new LeaseTimes(options);
    this.#single = new LeaseTimes(options);
    for (let k = 0; k < sessions * leasesEach; k += 1) this.#grant(k % sessions, Math.floor(k / sessions));
    this.#both((times) => times.begin());
  }

  play(step: Step): void {
    switch (step.type) {
      case "pass":
        this.#now += step.ms;
        break;
      case "renew":
        this.#renewOf(step.who, step.again);
        break;
      case "renew-some":
        this.#renew(step.ids.map((k) => idOf(k % sessions, Math.floor(k / sessions))));
        break;
      case "attach":
        this.#both((times) => times.start(idOf(step.who, 0), ttls[0]));
        break;
      case "sweep":
        this.#both((times) => times.catchUp());
        this.#both((times) => times.sweep());
        break;
      case "begin":
        // What waits for a word of an earlier term gets none.
        this.#waiting.length = 0;
        this.#ending.clear();
        this.#both((times) => times.begin());
        break;
      case "look":
        this.#expire();
        break;
      case "vouch":
        this.#vouch();
        break;
      case "change-many":
        for (let k = 0; k < 2_000; k += 1) this.#changes.note("f".repeat(32));
        break;
      default:
        this.#change(step.type, idOf(step.who, step.which), step);
    }
    this.#compare();
  }

  #both(act: (times: LeaseTimes) => void): void {
    act(this.#listed);
    act(this.#single);
  }

  #change(
    type: "grant" | "doom" | "end" | "expire" | "spare",
    id: LeaseId,
    of: { who: number; which: number },
  ): void {
    const lease = this.#table.get(id);
    if (type === "grant" && lease === undefined) {
      this.#grant(of.who, of.which);
    } else if (type === "doom" && lease !== undefined) {
      this.#table.set(id, { ...lease, doomed: true });
      this.#changes.note(id);
    } else if (type === "end" || type === "expire") {
      this.#table.delete(id);
      this.#changes.note(id);
      if (type === "expire") this.#both((times) => times.forget(id));
    } else if (type === "spare" && this.#ending.delete(id)) {
      this.#both((times) => times.spare([id]));
    }
  }

  #grant(who: number, which: number): void {
    const id = idOf(who, which);
    const ttlMs = ttls[which % ttls.length] ?? ttls[0];
    this.#table.set(id, { id, session: idOf(who, 0), ttlMs, doomed: false });
    this.#changes.note(id);
  }

  #renewOf(who: number, again: boolean): void {
    const ids = [...this.#table.values()]
      .filter(({ session }) => session === idOf(who, 0))
      .map(({ id }) => id);
    const last = this.#lists.get(who);
    const list = again && last !== undefined ? last : ids;
    this.#lists.set(who, list);
    this.#renew(list);
  }

  #renew(ids: readonly LeaseId[]): void {
    this.#both((times) => times.catchUp());
    const list = this.#listed.renew(ids);
    if (list.isWhole) this.together += 1;
    this.#waiting.push({ list, each: ids.map((id) => this.#single.renew([id])) });
  }

  #vouch(): void {
    this.#both((times) => times.catchUp());
    for (const { list, each } of this.#waiting.splice(0))
      expect(this.#listed.refusedOf(list)).toEqual(each.flatMap((one) => this.#single.refusedOf(one)));
  }

  /** What is due is proposed to end. */
  #expire(): void {
    this.#both((times) => times.catchUp());
    const due = this.#listed.due();
    expect(due).toEqual(this.#single.due());
    this.#both((times) => times.end(due));
    for (const id of due) this.#ending.add(id);
  }

  #compare(): void {
    expect(timesLeft(this.#listed)).toEqual(timesLeft(this.#single));
  }
}

test("a list that is renewed as one is as if each of its leases had been renewed by itself", () => {
  let together = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120 }), (steps) => {
      const twins = new Twins();
      for (const each of steps) twins.play(each);
      together += twins.together;
    }),
    { numRuns: 300 },
  );
  expect(together).toBeGreaterThan(500);
});
