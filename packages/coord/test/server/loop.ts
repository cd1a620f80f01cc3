import { Stint } from "../../src/server/stint.ts";
import { WaitQueue } from "../../src/server/wait-queue.ts";

/** Turns of an event loop in which each answer takes its time. */
export class Loop {
  nowMs = 0;
  readonly ran: string[] = [];
  #deferred: (() => void)[] = [];
  readonly clock = {
    now: () => this.nowMs,
    defer: (run: () => void): void => void this.#deferred.push(run),
  };
  readonly stint = new Stint(this.clock as never);

  queue(): WaitQueue {
    return new WaitQueue(this.clock, this.stint);
  }

  answer(name: string, takesMs: number): () => void {
    return () => {
      this.ran.push(name);
      this.nowMs += takesMs;
    };
  }

  /** What ran in the next turn. */
  turn(): readonly string[] {
    const due = this.#deferred;
    this.#deferred = [];
    const { length } = this.ran;
    for (const run of due) run();
    return this.ran.slice(length);
  }

  get isIdle(): boolean {
    return this.#deferred.length === 0;
  }
}
