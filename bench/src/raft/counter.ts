import { restoreAtOnce } from "@flotilla/raft";
import type { Command, Restoring, Snapshot, StateMachine } from "@flotilla/raft";
import { monotonicUs } from "./messages.ts";

interface Awaited {
  readonly above: number;
  readonly done: (atUs: number) => void;
}

/** Counts commands: the least a state machine can do. */
export class Counter implements StateMachine {
  #count = 0;
  #awaited: Awaited | null = null;

  apply({ term }: Command): number {
    this.#count += 1;
    if (this.#awaited !== null && term > this.#awaited.above) {
      this.#awaited.done(monotonicUs());
      this.#awaited = null;
    }
    return this.#count;
  }

  snapshot(): Snapshot {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, this.#count);
    return { chunks: () => [bytes] };
  }

  beginRestore(): Restoring {
    return restoreAtOnce((bytes) => {
      this.#count = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
    });
  }

  /** Resolves with the moment, µs, at which the first command of a term above `term` is applied. */
  commandAbove(term: number): Promise<number> {
    return new Promise((done) => {
      this.#awaited = { above: term, done };
    });
  }
}
