import type { Logger } from "@flotilla/runtime";
import type { SessionState } from "./api.ts";

/** A session's state and those who want to know. */
export class StateCell {
  readonly #logger: Logger;
  readonly #publish: (state: SessionState) => void;
  readonly #listeners = new Set<(state: SessionState) => unknown>();
  readonly #told: SessionState[] = [];
  #state: SessionState = "connecting";
  #telling = false;

  /** @param publish told first */
  constructor(logger: Logger, publish: (state: SessionState) => void) {
    this.#logger = logger;
    this.#publish = publish;
  }

  get value(): SessionState {
    return this.#state;
  }

  get isFinal(): boolean {
    return this.#state === "lost" || this.#state === "closed";
  }

  /** Changes the state unless it is final, and tells everyone, in order also when a listener causes the next change. */
  move(to: SessionState): void {
    if (this.isFinal || to === this.#state) return;
    this.#state = to;
    this.#told.push(to);
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#told.shift(); next !== undefined; next = this.#told.shift()) this.#tell(next);
    this.#telling = false;
  }

  listen(fn: (state: SessionState) => unknown): Disposable {
    const listener = (state: SessionState): unknown => fn(state);
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(state: SessionState): void {
    this.#publish(state);
    // Who starts to listen meanwhile has seen this state already.
    const listeners = [...this.#listeners];
    for (const listener of listeners) {
      // Called now; a throw and a rejection are one.
      new Promise((resolve) => {
        resolve(listener(state));
      }).catch((error: unknown) => {
        this.#logger.error({ err: error, state }, "a listener of the session's state failed");
      });
    }
  }
}
