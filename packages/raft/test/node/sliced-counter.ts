import type { Restoring } from "../../src/index.ts";
import { Counter } from "./counter.ts";

/** Takes a snapshot in many pieces of work, and notes what it held with each of them. */
export class SlicedCounter extends Counter {
  /** How many commands it held at each piece of work. */
  readonly held: number[] = [];
  /** The entries that it replaced its state by. */
  readonly replaced: number[] = [];
  /** Called with the number of each piece of work, from 1. */
  onWork: (piece: number) => void = () => {};
  onBegin: () => void = () => {};
  onProve: () => void = () => {};
  readonly #pieces: number;

  constructor(pieces: number) {
    super();
    this.#pieces = pieces;
  }

  override beginRestore(lastIndex = 0): Restoring {
    const atOnce = super.beginRestore();
    let done = 0;
    this.onBegin();
    return {
      write: (bytes) => atOnce.write(bytes),
      work: () => {
        done += 1;
        this.held.push(this.applied.length);
        this.onWork(done);
        return done < this.#pieces;
      },
      prove: () => this.onProve(),
      replace: () => {
        atOnce.replace();
        this.replaced.push(lastIndex);
      },
    };
  }
}
