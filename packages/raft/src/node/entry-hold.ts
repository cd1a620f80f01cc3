import type { Clock, Host, Timer } from "@flotilla/runtime";
import type { Receive } from "../core/event.ts";
import type { NodeId } from "../core/types.ts";
import { messageBytes } from "../transport/message-codec.ts";

/** How long new entries may wait for the write under way, ms: a disk that hangs keeps nobody waiting. */
const holdMs = 1;
const nothing: readonly Receive[] = [];
/**
 * While a batch is written, new entries wait for it: they reach the peers with the next batch, as one message
 * instead of many. Proposals wait where they are; forwards of peers wait here.
 */
export class EntryHold {
  readonly #clock: Clock;
  readonly #probe: (name: string) => void;
  readonly #maxForwardBytes: number;
  readonly #onExpired: () => void;
  #untilMs: number | null = null;
  #timer: Timer | null = null;
  #forwards: Receive[] = [];
  #forwardBytes = 0;

  /**
   * @param maxForwardBytes room for forwards; more than a leader takes up makes no sense
   * @param onExpired called when something waited for `holdMs`
   */
  constructor(
    { clock, probe }: Pick<Host, "clock" | "probe">,
    maxForwardBytes: number,
    onExpired: () => void,
  ) {
    this.#clock = clock;
    this.#probe = probe;
    this.#maxForwardBytes = maxForwardBytes;
    this.#onExpired = onExpired;
  }

  /** A write begins. */
  begin(): void {
    this.#untilMs = this.#clock.now() + holdMs;
  }

  /** The write is over. */
  end(): void {
    this.#untilMs = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** True while new entries have to wait. */
  isOn(nowMs: number): boolean {
    return this.#untilMs !== null && nowMs < this.#untilMs;
  }

  /** True when a new entry has to wait: its owner hears of the end. */
  waits(): boolean {
    const nowMs = this.#clock.now();
    if (this.#untilMs === null || nowMs >= this.#untilMs) return false;
    this.#timer ??= this.#clock.setTimer(this.#untilMs - nowMs, () => {
      this.#timer = null;
      this.#onExpired();
    });
    return true;
  }

  /** Lets a forward wait. Without room for it nothing waits: all are for the core to take or refuse now, in order. */
  addForward(forward: Receive): readonly Receive[] {
    const bytes = messageBytes(forward.message);
    if (this.#forwardBytes + bytes > this.#maxForwardBytes) {
      this.#probe("raft-forward-overflow");
      return [...this.takeForwards(), forward];
    }
    this.#forwards.push(forward);
    this.#forwardBytes += bytes;
    return nothing;
  }

  /** The stream of that peer is over: it counts what was not taken yet as of unknown fate. */
  forgetForwards(peer: NodeId): void {
    const waiting = this.takeForwards();
    for (const forward of waiting) if (forward.from !== peer) this.addForward(forward);
  }

  /** Takes out what waits, in order. */
  takeForwards(): readonly Receive[] {
    const forwards = this.#forwards;
    if (forwards.length > 0) this.#forwards = [];
    this.#forwardBytes = 0;
    return forwards;
  }
}
