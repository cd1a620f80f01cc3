import { FlotillaError } from "@flotilla/runtime";
import type { Kernel } from "@flotilla/runtime/sim";
import type { Within } from "./api.ts";
import { requireWithin } from "./bad-argument.ts";

const fallbackMs = 60_000;

interface Wait {
  readonly fail: (error: unknown) => void;
}

/** Lets the world happen while somebody waits for something in it. */
export class Driver {
  readonly #kernel: Kernel;
  readonly #waits = new Set<Wait>();
  #isRunning = false;
  #isClosed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_CLOSED` */
  requireOpen(): void {
    if (this.#isClosed) throw closed();
  }

  /** Settles as the promise does, or with `ERR_FLOTILLA_TIMEOUT`. */
  async until<T>(promise: Promise<T>, what: string, { withinMs = fallbackMs }: Within = {}): Promise<T> {
    // Also where it is refused, or too late, to wait for it.
    promise.catch(() => {});
    requireWithin({ withinMs });
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(closed());
        return;
      }
      const settle = (how: () => void): void => {
        if (!this.#waits.delete(wait)) return;
        limit.cancel();
        how();
      };
      const wait: Wait = { fail: (error) => settle(() => reject(error)) };
      const limit = this.#kernel.after(withinMs, () => wait.fail(this.#late(what, withinMs)));
      this.#waits.add(wait);
      promise.then((value) => settle(() => resolve(value)), wait.fail);
      void this.#drive();
    });
  }

  /** Fails whoever waits. */
  close(): void {
    this.#isClosed = true;
    this.#failAll(closed());
  }

  /** Each wait has a limit in virtual time, so that there is something left to happen until the last one is over. */
  async #drive(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.#kernel.run({ until: () => this.#waits.size === 0 });
    } catch (error) {
      this.#failAll(error);
    }
    this.#isRunning = false;
    if (this.#waits.size > 0) void this.#drive();
  }

  #failAll(error: unknown): void {
    for (const wait of this.#waits) wait.fail(error);
  }

  #late(what: string, withinMs: number): FlotillaError {
    const { seed, nowMs } = this.#kernel;
    const message = `${what} took longer than ${withinMs} ms of virtual time (seed ${seed}, at ${nowMs} ms)`;
    return new FlotillaError("ERR_FLOTILLA_TIMEOUT", message, { details: { seed, atMs: nowMs, withinMs } });
  }
}

function closed(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_CLOSED", "this cluster is closed");
}
