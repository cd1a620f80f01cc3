import type { Registration, Service } from "@flotilla/coord/client";
import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isOver, isPassing, sleep } from "./actor.ts";
import { inSessions } from "./sessions.ts";
import { Dues } from "./dues.ts";
import type { FollowRecord } from "./followed.ts";
import { instancesText } from "./followed.ts";
import { serviceName, serviceRoot } from "./paths.ts";

const states = ["passing", "warning", "critical", "draining", "maintenance"] as const;
/** Ids that several want. */
const sharedIds = 2;

/**
 * Registers a service, looks who else is there, follows that, and takes it out again, or leaves that to its lease. Ids are
 * taken over from one to the next, also because somebody has deleted what stood under them.
 */
export class Registrant {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("registrant");
  }

  run(): Promise<void> {
    return inSessions(this.#actor, (coord) => this.#use(coord));
  }

  async #use(coord: Coord): Promise<void> {
    const { crashed, ledger } = this.#actor.world;
    const ending = new AbortController();
    const record: FollowRecord = { what: "registrations", who: this.#actor.name, shown: [], dues: [] };
    ledger.followed.push(record);
    const dues = new Dues(this.#actor, coord.session);
    dues.add(record);
    const following = this.#follow(coord, record, ending.signal);
    following.catch(crashed);
    await this.#register(coord);
    await dues.end();
    ending.abort();
    await following;
  }

  async #register(coord: Coord): Promise<void> {
    while (!isOver(coord.session) && !this.#actor.isStopping()) {
      try {
        await this.#serve(coord);
        if (this.#random.chance(0.3)) return;
      } catch (error) {
        if (!isPassing(error) && !FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) throw error;
        await sleep(this.#actor, 300);
      }
    }
  }

  async #serve(coord: Coord): Promise<void> {
    const registration = await coord.registry.register(this.#service(), { timeoutMs: 5000 });
    for (let rounds = 1 + this.#random.below(5); rounds > 0 && !this.#actor.isStopping(); rounds -= 1) {
      await sleep(this.#actor, 100 + this.#random.below(1200));
      if (this.#random.chance(0.5)) registration.report(this.#random.chance(0.7) ? "passing" : "critical");
      await this.#look(coord, registration);
    }
    await registration.deregister();
  }

  #service(): Service {
    const service = { name: serviceName, address: this.#actor.name };
    const id = this.#random.chance(0.6) ? { id: `shared-${this.#random.below(sharedIds)}` } : {};
    if (this.#random.chance(0.7)) return { ...service, ...id };
    const check = { ttlMs: 300 + this.#random.below(1500), removeAfterMs: 100 + this.#random.below(800) };
    return { ...service, ...id, check };
  }

  /** And at times takes one out that is another's, as an operator may. */
  async #look({ session, registry }: Coord, { instance }: Registration): Promise<void> {
    const { golden, ledger } = this.#actor.world;
    const least = ledger.told;
    const found = await registry.find(serviceName, { states, timeoutMs: 3000 });
    const most = golden.revision;
    ledger.looks.push({
      what: "registrations",
      who: this.#actor.name,
      shown: instancesText(found),
      least,
      most,
    });
    const others = found.filter(({ id }) => id !== instance.id);
    const other = others[this.#random.below(Math.max(1, others.length))];
    if (other === undefined || !this.#random.chance(0.2)) return;
    const path = `${serviceRoot}/${other.id}`;
    ledger.swept.add(`${session.id} ${path}`);
    try {
      await session.delete(path, { timeoutMs: 3000 });
    } catch (error) {
      if (!isPassing(error) && !FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }

  /** What is added, changed and removed makes the whole of each time from that of the time before. */
  async #follow({ registry }: Coord, { shown }: FollowRecord, signal: AbortSignal): Promise<void> {
    const { findings } = this.#actor.world;
    const folded = new Map<string, { readonly id: string; readonly revision: number }>();
    try {
      for await (const { instances, added, changed, removed } of registry.watch(serviceName, {
        states,
        signal,
      })) {
        for (const { id } of removed) folded.delete(id);
        for (const instance of [...added, ...changed]) folded.set(instance.id, instance);
        const all = instancesText([...folded.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)));
        const text = instancesText(instances);
        if (all !== text)
          findings.now("FollowersTrue", `changes make ${all} of registrations, and there are ${text}`);
        shown.push(text);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
}
