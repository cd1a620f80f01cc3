import type { Held } from "@flotilla/coord";
import type { Share } from "./me.ts";
import type { Process } from "./process.ts";
import type { Violation } from "./scope.ts";

interface Taken extends Share {
  readonly by: Process;
  readonly held: Held;
  readonly epoch: number;
  isGiven: boolean;
}

function isBelieved({ by, held }: Taken): boolean {
  return !by.isDead && !held.signal.aborted;
}

/** What clients were told, judged as they are. */
export class Book {
  readonly #taken: Taken[] = [];
  #violation: Violation | null = null;

  get violation(): Violation | null {
    return this.#violation;
  }

  /** The first counts. */
  broken(invariant: string, facts: Readonly<Record<string, unknown>>): void {
    this.#violation ??= { invariant, facts };
  }

  /** Somebody was handed a place. */
  took(by: Process, share: Share, held: Held): void {
    const { epoch, signal } = held;
    const taken: Taken = { ...share, by, held, epoch, isGiven: false };
    const who = { who: by.id, name: share.name, epoch };
    if (signal.aborted || held.expiresIn <= 0) this.broken("HandedOutHeld", who);
    const others = this.#taken.filter(({ name }) => name === share.name);
    // Whoever shares a hold has the same epoch.
    const beside = others.filter((other) => isBelieved(other) && !(other.by === by && other.epoch === epoch));
    const sum = beside.reduce((total, { permits }) => total + permits, share.permits);
    if (sum > share.places)
      this.broken("NeverMoreThanThereIs", { ...who, beside: beside.map(({ by: other }) => other.id) });
    for (const other of others)
      if (
        other.permits + share.permits > share.places &&
        other.epoch >= epoch &&
        !(other.by === by && other.epoch === epoch)
      )
        this.broken("EpochsRise", { ...who, before: other.epoch });
    this.#taken.push(taken);
    signal.addEventListener("abort", () => {
      if (!taken.isGiven && !by.suffered.has("cut") && !by.isDead)
        this.broken("HeldUntilGivenBack", { ...who, why: String(signal.reason) });
    });
  }

  /** It is about to be given back. */
  gives(held: Held): void {
    for (const taken of this.#taken) if (taken.held === held) taken.isGiven = true;
  }
}
