import type { Coord, Held } from "@flotilla/coord";
import type { Book } from "./book.ts";
import type { Lanes } from "./lanes.ts";
import type { Process } from "./process.ts";

/** What one holds, and of how much. */
export interface Share {
  readonly name: string;
  readonly permits: number;
  readonly places: number;
}

/** What a script sees: its own client. */
export class Me {
  readonly process: Process;
  readonly #lanes: Lanes;
  readonly #book: Book;
  readonly #underWay = new Set<AbortController>();

  constructor(process: Process, lanes: Lanes, book: Book) {
    this.process = process;
    this.#lanes = lanes;
    this.#book = book;
  }

  get id(): string {
    return this.process.id;
  }

  get coord(): Coord {
    return this.process.coord;
  }

  /** Something that may be given up is under way. */
  get isAbortable(): boolean {
    return this.#underWay.size > 0;
  }

  /** Waits for its turn to go on: that may take any time. */
  step(): Promise<void> {
    return new Promise((resolve) => this.#lanes.push(this.process.acts, resolve));
  }

  /** A call that may be given up; null then. */
  async trying<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    try {
      return await call(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return null;
      throw error;
    } finally {
      this.#underWay.delete(controller);
    }
  }

  /** Gives up what has been under way for longest; in the end because nothing will come of it. */
  abort(why: "abort" | "end" = "abort"): void {
    const [first] = this.#underWay;
    if (first === undefined) return;
    this.#underWay.delete(first);
    this.process.suffered.add(why);
    first.abort();
  }

  took(share: Share, held: Held): void {
    this.#book.took(this.process, share, held);
  }

  /** From now on somebody else may end it, or it does so by itself. */
  mayLose(held: Held): void {
    this.#book.gives(held);
  }

  async gives(held: Held): Promise<void> {
    this.#book.gives(held);
    await held.release();
  }
}
