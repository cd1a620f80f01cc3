import type { Machine } from "@flotilla/kv";
import type { Command, Restoring, Snapshot, StateMachine } from "@flotilla/raft";
import { OwnTimes } from "./own-times.ts";

/** The tree under a log whose entries come after what it was built of; notes how long its pieces of work take. */
export class TimedMachine implements StateMachine {
  readonly slices: OwnTimes = new OwnTimes();
  readonly pieces: OwnTimes = new OwnTimes();
  /** A snapshot begins to be written. */
  onSnapshot: () => void = () => {};
  readonly #machine: Machine;
  readonly #base: number;

  constructor(machine: Machine, base: number) {
    this.#machine = machine;
    this.#base = base;
  }

  apply({ index, timeMs, payload }: Command): void {
    this.#machine.apply(payload, { index: this.#base + index, timeMs });
    this.#machine.takeEvents();
  }

  snapshot(): Snapshot {
    this.onSnapshot();
    const { slices } = this;
    const snapshot = slices.run(() => this.#machine.snapshot());
    return {
      *chunks(): Iterable<Uint8Array> {
        const chunks = snapshot.lend();
        for (;;) {
          const { value, done } = slices.run(() => chunks.next());
          if (done === true) return;
          yield value;
        }
      },
    };
  }

  beginRestore(): Restoring {
    const restore = this.#machine.beginRestore();
    const { pieces } = this;
    return {
      write: (bytes) => restore.write(bytes),
      work: () => pieces.run(() => restore.work()),
      prove: () => pieces.run(() => restore.prove()),
      replace: () => pieces.run(() => restore.replace()),
    };
  }
}
