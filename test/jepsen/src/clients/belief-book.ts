import type { Held } from "@flotilla/coord/client";
import type { HistoryWriter } from "@flotilla/history";

interface Belief {
  readonly process: string;
  readonly object: string;
  readonly held: Held;
  readonly fromNs: number;
  toNs: number | null;
}

/** Who believed to hold what, and what they wrote behind its fence. */
export class BeliefBook {
  readonly #history: HistoryWriter;
  readonly #nowNs: () => number;
  readonly #all: Belief[] = [];
  #active: Belief[] = [];

  /** @param nowNs one clock for all */
  constructor(history: HistoryWriter, nowNs: () => number) {
    this.#history = history;
    this.#nowNs = nowNs;
  }

  /** A belief begins; it ends when its signal fires, or when its time is over although timers are late. */
  begun(process: string, object: string, held: Held): void {
    const believed = !held.signal.aborted;
    this.#history.add({ kind: "grant", object, epoch: held.epoch, believed, at_ns: this.#nowNs() });
    for (const belief of this.#active) if (belief.held.expiresIn <= 0) this.#end(belief);
    if (held.signal.aborted || held.expiresIn <= 0) return;
    const belief: Belief = { process, object, held, fromNs: this.#nowNs(), toNs: null };
    this.#all.push(belief);
    this.#active.push(belief);
    held.signal.addEventListener("abort", () => this.#end(belief), { once: true });
  }

  /** A write behind the fence of `held` was acknowledged. */
  wrote(process: string, object: string, held: Held, revision: number): void {
    const at_ns = this.#nowNs();
    this.#history.add({ kind: "fenced", process, object, epoch: held.epoch, revision, at_ns });
  }

  /** Writes down who believed what, once all is over. */
  close(): void {
    for (const { process, object, held, fromNs, toNs } of this.#all)
      this.#history.add({
        kind: "belief",
        process,
        object,
        epoch: held.epoch,
        from_ns: fromNs,
        to_ns: toNs,
        paused: [],
      });
  }

  #end(belief: Belief): void {
    belief.toNs ??= this.#nowNs() + Math.min(0, belief.held.expiresIn) * 1e6;
    belief.toNs = Math.max(belief.toNs, belief.fromNs);
    this.#active = this.#active.filter((other) => other !== belief);
  }
}
