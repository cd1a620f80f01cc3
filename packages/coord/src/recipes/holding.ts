import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, Fence, Session, SessionLease, Watch } from "../client/api.ts";
import type { Held } from "./api.ts";
import { waitFor } from "./bounded.ts";
import { leaveForGood } from "./leave.ts";
import { type LinePaths, waiterPath } from "./line.ts";

/**
 * A granted place. Its signal follows the period of belief it was obtained in: a lapse ends it for good,
 * and gives the place back as soon as the session can.
 */
export class Holding implements Held {
  readonly epoch: number;
  readonly fence: Fence;
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #name: string;
  readonly #lease: SessionLease;
  readonly #controller = new AbortController();
  #leaving: Promise<void> | null = null;

  constructor(
    session: Session,
    paths: LinePaths,
    name: string,
    epoch: number,
    lease: SessionLease,
    /** On its own node: tells when somebody forced it away. Closed with the holding. */
    watch: Watch,
  ) {
    this.#session = session;
    this.#paths = paths;
    this.#name = name;
    this.#lease = lease;
    this.epoch = epoch;
    this.fence = { path: waiterPath(paths, name), mzxid: epoch };
    const onLapse = (): void => this.#end("its session could not be renewed in time");
    if (lease.signal.aborted) onLapse();
    else lease.signal.addEventListener("abort", onLapse, { once: true });
    this.signal.addEventListener(
      "abort",
      () => {
        lease.signal.removeEventListener("abort", onLapse);
        void watch.close();
      },
      { once: true },
    );
    void this.#endWhenGone(watch);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    return this.signal.aborted ? Math.min(0, this.#lease.expiresIn) : this.#lease.expiresIn;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#lease.assert();
  }

  release(options: CallOptions = {}): Promise<void> {
    this.#end("it was released");
    return this.#leaving === null ? Promise.resolve() : waitFor(this.#session, this.#leaving, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #end(why: string): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(
      new FlotillaError("ERR_FLOTILLA_LOST", `${this.#paths.base} is no longer held: ${why}`),
    );
    this.#leaving = this.#leave();
    // Whoever releases is told; after a lapse nobody may be asking.
    this.#leaving.catch(() => {});
  }

  #leave(): Promise<void> {
    return leaveForGood(this.#session, this.#paths, this.#name);
  }

  async #endWhenGone(watch: Watch): Promise<void> {
    try {
      for await (const event of watch) {
        const gone = event.type === "deleted" || (event.type === "snapshot" && event.nodes.length === 0);
        if (gone) this.#end("its node was deleted");
      }
    } catch {
      this.#end("its session ended");
    }
  }
}
