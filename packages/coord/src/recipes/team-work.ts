import { sharedController } from "../shared-controller.ts";
import { listen, orAborted } from "./bounded.ts";
import type { Registration } from "./registry/api.ts";

/** How one of a team becomes a worker, and what it does about it. */
export interface WorkParts {
  readonly register: (signal: AbortSignal) => Promise<Registration>;
  /** Called when it begins and ceases to be registered. */
  readonly tell: (isWorking: boolean) => unknown;
  /** Called when it cannot be one any more. */
  readonly onFailed: (error: unknown) => void;
}

/** One of a team as a worker: off and on. */
export class TeamWork {
  readonly #parts: WorkParts;
  #shift: Shift | null = null;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once it is registered, which it stays until `end`: anew whenever somebody took it out. Rejects with the
   * signal's reason, and with what ended the work.
   */
  async begin(signal: AbortSignal): Promise<void> {
    if (this.#shift?.isEnding !== false) {
      await orAborted(this.end(), signal);
      this.#shift = new Shift(this.#parts);
    }
    await orAborted(this.#shift.begun(), signal);
  }

  /** Resolves once it is out; rejects with what ended the work. */
  async end(): Promise<void> {
    await this.#shift?.end();
  }
}

/** From the first registration until it is to work no more. */
class Shift {
  readonly #parts: WorkParts;
  readonly #stop = sharedController();
  readonly #registered: Promise<void>;
  readonly #over: Promise<void>;
  #begin: () => void = () => {};

  constructor(parts: WorkParts) {
    this.#parts = parts;
    this.#registered = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#over = this.#work();
    this.#over.catch(parts.onFailed);
  }

  get isEnding(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Resolves once it is registered; rejects with what ended the work, also after that. */
  begun(): Promise<void> {
    return Promise.race([this.#over, this.#registered]);
  }

  end(): Promise<void> {
    this.#stop.abort();
    return this.#over;
  }

  async #work(): Promise<void> {
    const { tell } = this.#parts;
    for (let registration = await this.#register(); registration !== null;) {
      try {
        await tell(true);
        this.#begin();
        await this.#untilEnd(registration);
      } finally {
        await registration.deregister({ timeoutMs: Number.POSITIVE_INFINITY });
      }
      await tell(false);
      registration = await this.#register();
    }
  }

  /** Null when it is to work no more. */
  async #register(): Promise<Registration | null> {
    try {
      return await this.#parts.register(this.#stop.signal);
    } catch (error) {
      if (this.isEnding) return null;
      throw error;
    }
  }

  /** Until it is to work no more, or somebody took it out. */
  async #untilEnd({ signal }: Registration): Promise<void> {
    const listening: (() => void)[] = [];
    await new Promise((resolve) => {
      for (const end of [this.#stop.signal, signal]) listening.push(listen(end, resolve));
    });
    for (const stop of listening) stop();
  }
}
