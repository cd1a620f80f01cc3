import type { Stint } from "./stint.ts";

const marksPerPiece = 64;

/** Does something for each of many, a bounded number of them in a turn; asked for meanwhile, once more after that. */
export class MarkRound<T> {
  readonly #stint: Pick<Stint, "queue">;
  readonly #all: () => Iterator<T>;
  readonly #mark: (one: T) => void;
  #left: Iterator<T> | null = null;
  #isAskedAgain = false;

  /** @param all gives them as they are; some may come and go while the round is under way */
  constructor(stint: Pick<Stint, "queue">, all: () => Iterator<T>, mark: (one: T) => void) {
    this.#stint = stint;
    this.#all = all;
    this.#mark = mark;
  }

  start(): void {
    this.#isAskedAgain = this.#left !== null;
    if (this.#isAskedAgain) return;
    this.#left = this.#all();
    this.#stint.queue(this.#goOn);
  }

  readonly #goOn = (): void => {
    for (let count = 0; count < marksPerPiece; count += 1) {
      const next = this.#left?.next();
      if (next === undefined || next.done === true) {
        this.#left = null;
        if (this.#isAskedAgain) this.start();
        return;
      }
      this.#mark(next.value);
    }
    this.#stint.queue(this.#goOn);
  };
}
