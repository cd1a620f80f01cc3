import type { Held } from "@flotilla/coord/client";
import type { BeliefRecord, FencedRecord, GrantRecord } from "@flotilla/history";

interface Belief {
  readonly process: string;
  readonly object: string;
  readonly held: Held;
  readonly fromNs: number;
  toNs: number | null;
}

/** Who believed to hold what, and what they wrote behind its fence. */
export class BeliefBook {
  readonly grants: GrantRecord[] = [];
  readonly fenced: FencedRecord[] = [];
  readonly #nowNs: () => number;
  readonly #all: Belief[] = [];
  #active: Belief[] = [];

  /** @param nowNs one clock for all */
  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** A belief begins; it ends when its signal fires, or when its time is over although timers are late. */
  begun(process: string, object: string, held: Held): void {
    this.grants.push({ object, epoch: held.epoch });
    for (const belief of this.#active) if (belief.held.expiresIn <= 0) this.#end(belief);
    if (held.signal.aborted || held.expiresIn <= 0) return;
    const belief: Belief = { process, object, held, fromNs: this.#nowNs(), toNs: null };
    this.#all.push(belief);
    this.#active.push(belief);
    held.signal.addEventListener("abort", () => this.#end(belief), { once: true });
  }

  /** A write behind the fence of `held` was acknowledged. */
  wrote(process: string, object: string, held: Held, revision: number): void {
    this.fenced.push({ kind: "fenced", process, object, epoch: held.epoch, revision, at_ns: this.#nowNs() });
  }

  beliefs(): BeliefRecord[] {
    return this.#all.map(({ process, object, held, fromNs, toNs }) => ({
      kind: "belief",
      process,
      object,
      epoch: held.epoch,
      from_ns: fromNs,
      to_ns: toNs,
      paused: [],
    }));
  }

  #end(belief: Belief): void {
    belief.toNs ??= this.#nowNs() + Math.min(0, belief.held.expiresIn) * 1e6;
    belief.toNs = Math.max(belief.toNs, belief.fromNs);
    this.#active = this.#active.filter((other) => other !== belief);
  }
}
