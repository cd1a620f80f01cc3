import { Machine } from "@flotilla/kv";
import type { StateMachine } from "@flotilla/raft";

/** The tree alone, with nobody to tell. */
export class BareStateMachine implements StateMachine {
  readonly #machine = new Machine();

  get revision(): number {
    return this.#machine.revision;
  }

  digest(): string {
    return this.#machine.digest();
  }

  apply({ payload, index, timeMs }: Parameters<StateMachine["apply"]>[0]): void {
    this.#machine.apply(payload, { index, timeMs });
  }

  skip({ payload, index, timeMs }: Parameters<StateMachine["apply"]>[0]): void {
    this.#machine.skip(payload, { index, timeMs });
  }

  snapshot(): ReturnType<StateMachine["snapshot"]> {
    return this.#machine.snapshot();
  }

  beginRestore(): ReturnType<StateMachine["beginRestore"]> {
    return this.#machine.beginRestore();
  }
}
