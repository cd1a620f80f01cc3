import type { Clock } from "../clock.ts";

/** Whoever waits in a lobby: a channel, say. */
export interface LobbyGuest {
  /** Sends it away. */
  close(reason: string): void;
}

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
  readonly #waiting = new Map<LobbyGuest, number>();

  constructor(clock: Pick<Clock, "now">, most: number = defaultMost) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Lets it wait; false when it is to be turned away. May close another. */
  enter(guest: LobbyGuest): boolean {
    if (this.#waiting.size >= this.#most && !this.#makeRoom()) return false;
    this.#waiting.set(guest, this.#clock.now());
    return true;
  }

  /** It introduced itself, or is gone. */
  leave(guest: LobbyGuest): void {
    this.#waiting.delete(guest);
  }

  #makeRoom(): boolean {
    for (const [guest, sinceMs] of this.#waiting) {
      if (this.#clock.now() - sinceMs < graceMs) return false;
      this.#waiting.delete(guest);
      guest.close("others wait to introduce themselves");
      return true;
    }
    return false;
  }
}
