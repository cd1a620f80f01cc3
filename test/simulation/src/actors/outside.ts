import type { ConditionalStore, StoredTag } from "@flotilla/coord/client";
import { EpochGate, epochHeaders, fencedPut, FlotillaError, readEpoch } from "@flotilla/coord/client";
import type { Kernel, KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import type { Held } from "./coord-types.ts";
import type { ProcessClock } from "./process-clock.ts";

/** A write that a resource let through. */
export interface Acceptance {
  readonly object: string;
  readonly epoch: number;
  /** Which adapter stood before it. */
  readonly by: "put" | "header";
}

interface Stored extends StoredTag<number> {
  readonly value: string;
}

/** Longest way there, ms: longer than any lease. */
const mostMs = 4000;
const lateShare = 0.3;
const quickMs = 10;

/**
 * What holders write to outside of the cluster: an object store that writes on a condition, and a server that looks at a
 * header. Each request is under way for a while, at times for longer than a lease lasts, whatever becomes of who sent it.
 */
export class Outside {
  /** In the order they were let through. */
  readonly accepted: Acceptance[] = [];
  /** Writes that were turned away as too late. */
  refused = 0;
  readonly #kernel: Kernel;
  readonly #random: KeyedRandom;
  readonly #objects = new Map<string, Stored>();
  readonly #gates = new Map<string, EpochGate>();
  /** With the clock of the process that sent it. */
  readonly #underWay = new Map<Promise<void>, ProcessClock>();
  #tags = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#random = kernel.random("outside");
  }

  /** Sends a write of somebody who holds, or does so no more when it arrives. */
  send(actor: ActorProcess, object: string, held: Held): void {
    const writing = this.#write(actor, object, held)
      .catch(actor.world.crashed)
      .finally(() => this.#underWay.delete(writing));
    this.#underWay.set(writing, actor.clock);
  }

  /** Resolves when every write of the process was answered. */
  async answered({ clock }: ActorProcess): Promise<void> {
    await Promise.all(
      [...this.#underWay].filter(([, sender]) => sender === clock).map(([writing]) => writing),
    );
  }

  async #write(actor: ActorProcess, object: string, { epoch }: Held): Promise<void> {
    try {
      if (this.#random.chance(0.5)) await fencedPut(this.#storeFor(actor), object, actor.name, { epoch });
      else await this.#request(actor, object, epochHeaders({ epoch }));
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) throw error;
      this.refused += 1;
    }
  }

  #storeFor(actor: ActorProcess): ConditionalStore<string, number> {
    return {
      head: (key) => this.#trip(actor, () => this.#objects.get(key) ?? null),
      put: (key, value, { tag, epoch }) =>
        this.#trip(actor, () => {
          if ((this.#objects.get(key)?.tag ?? null) !== tag) return false;
          this.#objects.set(key, { value, epoch, tag: (this.#tags += 1) });
          this.accepted.push({ object: key, epoch, by: "put" });
          return true;
        }),
    };
  }

  #request(actor: ActorProcess, object: string, headers: Readonly<Record<string, string>>): Promise<void> {
    return this.#trip(actor, () => {
      const epoch = readEpoch(headers) ?? 0;
      const gate = this.#gates.get(object) ?? new EpochGate();
      this.#gates.set(object, gate);
      gate.pass({ epoch });
      this.accepted.push({ object, epoch, by: "header" });
    });
  }

  /** The answer reaches the process when that runs; nobody when it is gone. */
  #trip<T>(actor: ActorProcess, work: () => T): Promise<T> {
    const thereMs = this.#random.float() * (this.#random.chance(lateShare) ? mostMs : quickMs);
    let answer: Promise<T> | null = null;
    this.#kernel.after(thereMs, () => {
      answer = attempted(work);
      answer.catch(() => {});
    });
    return new Promise((resolve) => {
      const look = (): void => {
        if (answer === null) actor.host.clock.setTimer(1, look);
        else resolve(answer);
      };
      actor.host.clock.setTimer(thereMs + this.#random.float() * quickMs, look);
    });
  }
}

async function attempted<T>(work: () => T): Promise<T> {
  return work();
}
