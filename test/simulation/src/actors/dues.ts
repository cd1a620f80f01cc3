import type { Session } from "@flotilla/coord/client";
import type { Timer } from "@flotilla/runtime";
import type { ActorProcess } from "./actor.ts";
import { isOver, isPassing, sleep } from "./actor.ts";
import type { FollowRecord } from "./followed.ts";

const everyMs = 3000;
/** Reads of the same session that were asked and answered one after the other since then. */
const rounds = 4;
const roundMs = 400;

/**
 * Notes what those who follow must have shown by now: they were told of every change before a read of their session showed
 * it, and whatever they then asked was asked long before others that are answered.
 */
export class Dues {
  readonly #actor: ActorProcess;
  readonly #session: Session;
  readonly #records: FollowRecord[] = [];
  #isEnding = false;
  #timer: Timer | null = null;
  #noting: Promise<void> = Promise.resolve();

  constructor(actor: ActorProcess, session: Session) {
    this.#actor = actor;
    this.#session = session;
    this.#later();
  }

  add(record: FollowRecord): void {
    this.#records.push(record);
  }

  /** No more of them. When everybody comes to an end, one more before that. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#timer?.cancel();
    await this.#noting;
    if (this.#actor.isStopping()) await this.#note();
  }

  #later(): void {
    if (this.#isEnding || isOver(this.#session)) return;
    this.#timer = this.#actor.host.clock.setTimer(everyMs, () => {
      this.#noting = this.#note().then(() => this.#later(), this.#actor.world.crashed);
    });
  }

  async #note(): Promise<void> {
    const { revision } = this.#actor.world.golden;
    try {
      for (let round = 0; round < rounds; round += 1) {
        await this.#session.sync({ timeoutMs: 10_000 });
        await sleep(this.#actor, roundMs);
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      return;
    }
    if (isOver(this.#session)) return;
    for (const { shown, dues } of this.#records) dues.push({ revision, count: shown.length });
  }
}
