import type { Index } from "@flotilla/raft";

/** What the apply of the poison command throws. */
class PoisonError extends Error {
  override readonly name: string = "PoisonError";
}

/** The path whose creation is the poison. */
export const poisonPath = "/poison";

/** A command whose apply throws, on every member alike. */
export class Poison {
  #index: Index | null = null;
  #hasStopped = false;

  /** Its entry, once it was applied anywhere. */
  get index(): Index | null {
    return this.#index;
  }

  /** Throws when a member applies it. */
  taste(index: Index, events: readonly { readonly path: string }[]): void {
    if (!events.some(({ path }) => path === poisonPath)) return;
    this.#index ??= index;
    throw new PoisonError(`entry ${index} is poison`);
  }

  /** True when it made a member stop; remembers that. */
  stopped(error: unknown): boolean {
    const cause = error instanceof Error ? error.cause : undefined;
    const isIts = error instanceof PoisonError || cause instanceof PoisonError;
    if (isIts) this.#hasStopped = true;
    return isIts;
  }

  get hasStopped(): boolean {
    return this.#hasStopped;
  }
}
