import type { Held } from "@flotilla/coord/client";
import type { Notes } from "./notes.ts";

interface Belief {
  readonly process: string;
  readonly object: string;
  readonly held: Held;
  readonly fromNs: number;
  /** Of its record. */
  readonly number: number;
}

/** Who believed to hold what, and what they wrote behind its fence. */
export class BeliefBook {
  readonly #history: Notes;
  readonly #nowNs: () => number;
  readonly #active = new Set<Belief>();

  /** @param nowNs one clock for all */
  constructor(history: Notes, nowNs: () => number) {
    this.#history = history;
    this.#nowNs = nowNs;
  }

  /** A belief begins; it ends when its signal fires, or when its time is over although timers are late. */
  begun(process: string, object: string, held: Held): void {
    const believed = !held.signal.aborted;
    this.#history.add({ kind: "grant", object, epoch: held.epoch, believed, at_ns: this.#nowNs() });
    for (const belief of this.#active) if (belief.held.expiresIn <= 0) this.#end(belief);
    if (held.signal.aborted || held.expiresIn <= 0) return;
    const fromNs = this.#nowNs();
    const number = this.#history.add(recordOf({ process, object, held, fromNs }, null));
    const belief: Belief = { process, object, held, fromNs, number };
    this.#active.add(belief);
    held.signal.addEventListener("abort", () => this.#end(belief), { once: true });
  }

  /** A write behind the fence of `held` was acknowledged. */
  wrote(process: string, object: string, held: Held, revision: number): void {
    const at_ns = this.#nowNs();
    this.#history.add({ kind: "fenced", process, object, epoch: held.epoch, revision, at_ns });
  }

  #end(belief: Belief): void {
    if (!this.#active.delete(belief)) return;
    const toNs = this.#nowNs() + Math.min(0, belief.held.expiresIn) * 1e6;
    this.#history.amend(belief.number, recordOf(belief, Math.max(toNs, belief.fromNs)));
  }
}

function recordOf({ process, object, held, fromNs }: Omit<Belief, "number">, to_ns: number | null) {
  return { kind: "belief", process, object, epoch: held.epoch, from_ns: fromNs, to_ns, paused: [] } as const;
}
