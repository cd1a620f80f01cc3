import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import { inSessions } from "./sessions.ts";

const names = 2;
const block = 5;

/** What was asked of a counter; of unknown outcome until it is answered. */
export interface CounterCall {
  readonly kind: "counter";
  readonly object: string;
  readonly type: "add" | "get";
  readonly by: number;
  value: number | null;
  readonly invoke_ns: number;
  return_ns: number | null;
  outcome: "ok" | "fail" | "unknown";
}

/** An id that somebody was handed. */
export interface HandedId {
  /** `singly` for those that are in order. */
  readonly object: "singly" | "in-blocks";
  readonly id: number;
  readonly askedMs: number;
  readonly atMs: number;
}

/** Adds to counters, reads them, and asks for ids. */
export class Accountant {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("accountant");
  }

  run(): Promise<void> {
    return inSessions(this.#actor, (coord) => this.#use(coord));
  }

  async #use(coord: Coord): Promise<void> {
    const ids = { singly: coord.ids("singly"), "in-blocks": coord.ids("in-blocks", { block }) };
    while (!coord.session.signal.aborted && !this.#actor.isStopping()) {
      const kind = this.#random.below(5);
      try {
        if (kind < 2) await this.#add(coord);
        else if (kind === 2) await this.#get(coord);
        else await this.#next(ids, kind === 3 ? "singly" : "in-blocks");
        if (this.#random.chance(0.03)) return;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await sleep(this.#actor, 50 + this.#random.below(1000));
    }
  }

  #add(coord: Coord): Promise<void> {
    const by = 1 + this.#random.below(3);
    return this.#call("add", by, (name) => coord.counter(name).add(by, { timeoutMs: 3000 }));
  }

  #get(coord: Coord): Promise<void> {
    return this.#call("get", 0, (name) => coord.counter(name).get({ timeoutMs: 3000 }));
  }

  async #call(type: "add" | "get", by: number, ask: (name: string) => Promise<number>): Promise<void> {
    const name = `k${this.#random.below(names)}`;
    const { ledger } = this.#actor.world;
    const call: CounterCall = {
      kind: "counter",
      object: name,
      type,
      by,
      value: null,
      invoke_ns: this.#nowNs(),
      return_ns: null,
      outcome: "unknown",
    };
    ledger.counterCalls.push(call);
    try {
      call.value = await ask(name);
      call.outcome = "ok";
    } catch (error) {
      if (FlotillaError.is(error) && !error.ambiguous) call.outcome = "fail";
      throw error;
    } finally {
      if (call.outcome !== "unknown") call.return_ns = this.#nowNs();
    }
  }

  async #next(
    ids: Readonly<Record<HandedId["object"], { next(options: { timeoutMs: number }): Promise<number> }>>,
    object: HandedId["object"],
  ): Promise<void> {
    const { kernel, ledger } = this.#actor.world;
    const askedMs = kernel.nowMs;
    const id = await ids[object].next({ timeoutMs: 3000 });
    ledger.handedIds.push({ object, id, askedMs, atMs: kernel.nowMs });
  }

  #nowNs(): number {
    return Math.round(this.#actor.world.kernel.nowMs * 1e6);
  }
}
