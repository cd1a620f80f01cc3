import type { Clock } from "../clock.ts";
import type { Channel } from "../network.ts";

const defaultMost = 256;
const graceMs = 500;

/**
 * Channels between their opening and the end of their handshake: a bounded number. When it is full, the one that
 * has waited longest makes room once it had 500 ms, so that those who never introduce themselves keep nobody out.
 */
export class Lobby {
  readonly #clock: Pick<Clock, "now">;
  readonly #most: number;
  /** Since when each waits, the oldest first. */
  readonly #waiting = new Map<Channel, number>();

  constructor(clock: Pick<Clock, "now">, most: number = defaultMost) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Lets a channel wait; false when it is to be turned away. May close another. */
  enter(channel: Channel): boolean {
    if (this.#waiting.size >= this.#most && !this.#makeRoom()) return false;
    this.#waiting.set(channel, this.#clock.now());
    return true;
  }

  /** The channel introduced itself, or is gone. */
  leave(channel: Channel): void {
    this.#waiting.delete(channel);
  }

  #makeRoom(): boolean {
    for (const [channel, sinceMs] of this.#waiting) {
      if (this.#clock.now() - sinceMs < graceMs) return false;
      this.#waiting.delete(channel);
      channel.close("others wait to introduce themselves");
      return true;
    }
    return false;
  }
}
