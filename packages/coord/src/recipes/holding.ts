import { type DiagnosticChannel, FlotillaError } from "@flotilla/runtime";
import type { Fence, Session, SessionLease, Watch, WatchEvent } from "../client/api.ts";
import { checkedLimits } from "../client/call.ts";
import type { CallOptions } from "../client/read-api.ts";
import { sharedController } from "../shared-controller.ts";
import type { Held } from "./api.ts";
import { bounded, longestWaitMs, listen, orAborted } from "./bounded.ts";
import type { Granted } from "./campaign.ts";
import type { Departure } from "./grant.ts";
import { leaveForGood } from "./leave.ts";
import { beforeClose, partingMs } from "./parting.ts";
import { type LinePaths, waiterPath } from "./line.ts";
import { nextTurn } from "./next-turn.ts";
import { patient } from "./patient.ts";
import { nodeIn } from "./node-in.ts";

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
  readonly #known: Departure["known"];
  readonly #leave: typeof leaveForGood;
  readonly #controller = sharedController();
  #watch: Watch | null;
  #stopListening: () => void = () => {};
  #forget: () => void = () => {};
  #leaving: Promise<void> = Promise.resolve();

  /** @param leave what giving it up takes */
  constructor(
    session: Session,
    paths: LinePaths,
    name: string,
    granted: Granted,
    leave: typeof leaveForGood = leaveForGood,
  ) {
    const { epoch, lease } = granted;
    this.#leave = leave;
    this.#session = session;
    this.#paths = paths;
    this.#name = name;
    this.#lease = lease;
    this.#known = granted.known;
    this.#watch = granted.watch;
    this.epoch = epoch;
    this.fence = { path: waiterPath(paths, name), mzxid: epoch };
    this.#tell("held");
    this.#stopListening = listen(lease.signal, (cause) => this.#end("the session's lease is over", cause));
    // Released before its session ends, so that whoever is next leads at once.
    if (!lease.signal.aborted)
      this.#forget = beforeClose(session, () => this.release({ timeoutMs: partingMs }));
    void this.#endWhenGone();
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
    return this.giveUp("it was released", {}, options);
  }

  /** Fires the signal, then leaves as said; why stands in the signal's reason. The first to be called decides. */
  async giveUp(why: string, departure: Departure, options: CallOptions = {}): Promise<void> {
    checkedLimits(options, longestWaitMs);
    this.#end(why, undefined, departure, "released");
    const bounds = {
      clock: this.#session.clock,
      options,
      fallbackMs: longestWaitMs,
      what: `release of ${this.#paths.base}`,
    };
    await bounded(bounds, (signal) => orAborted(this.#leaving, signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #end(why: string, cause?: unknown, departure: Departure = {}, how: "released" | "lost" = "lost"): void {
    if (this.#controller.signal.aborted) return;
    const message = `${this.#paths.base} is no longer held: ${why}`;
    const error = new FlotillaError("ERR_FLOTILLA_LOST", message, { cause });
    const known = this.#known === undefined ? {} : { known: this.#known };
    // What it would tell of is its own doing.
    void this.#watch?.close();
    this.#controller.abort(error);
    this.#leaving = this.#leave(this.#session, this.#paths, this.#name, { ...known, ...departure });
    this.#tell(how, how === "lost" ? { error } : {});
    // Whoever releases is told; after a lapse nobody may be asking.
    this.#leaving.catch(() => {});
    this.#stopListening();
    this.#forget();
  }

  #tell(channel: DiagnosticChannel, more: Readonly<Record<string, unknown>> = {}): void {
    const { id: session } = this.#session;
    this.#session.publish(channel, { session, path: this.#paths.base, epoch: this.epoch, ...more });
  }

  /** Told of everything since the grant, also of what happened before the watch was armed. */
  async #endWhenGone(): Promise<void> {
    try {
      // Whoever gives it back at once is told of nothing: arming and disarming would delay that.
      if (this.#watch === null) await nextTurn(this.#session);
      if (this.signal.aborted && this.#watch === null) return;
      const calls = patient(this.#session, this.signal);
      this.#watch ??= await calls.watch(this.fence.path, { kind: "data", from: this.epoch });
      if (this.signal.aborted) void this.#watch.close();
      for await (const event of this.#watch) if (this.#isGone(event)) this.#end("its node was taken away");
    } catch (cause) {
      this.#end("its node cannot be watched", cause);
    }
  }

  /** Whether the node stands as granted no more. */
  #isGone(event: WatchEvent): boolean {
    if (event.revision < this.epoch) return false;
    const node = nodeIn(event);
    return node?.stat.mzxid !== this.epoch;
  }
}
