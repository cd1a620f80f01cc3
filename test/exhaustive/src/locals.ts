import type { Act, Parcel, Violation } from "./act.ts";
import { copyOf, textOf } from "./copy.ts";
import { Interned } from "./interned.ts";
import { Effects } from "./node.ts";
import type { Applied, Node } from "./node.ts";
import { viewOf } from "./view.ts";
import type { View } from "./view.ts";

/** What an act comes to, for a member in one of its states. */
export interface Outcome {
  readonly next: number;
  /** Parcels. */
  readonly sent: readonly number[];
  readonly applied: readonly Applied[];
  readonly reads: Effects["reads"];
  readonly lost: readonly number[];
  readonly isLeased: boolean;
  readonly violation: Violation | null;
}

interface Local {
  readonly node: Node;
  readonly view: View;
}

// More acts than there can be: states and acts share one number that is exact.
const mostActs = 2 ** 22;

/**
 * The states that single members can be in. What an act does to one of them is found out once, by the real core, and
 * remembered: a state of the whole is little more than one number a member.
 */
export class Locals {
  readonly #locals = new Interned<Local>();
  readonly #parcels = new Interned<Parcel>();
  readonly #acts = new Interned<Act>();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #receipts: number[] = [];

  get size(): number {
    return this.#locals.size;
  }

  /** How many acts were done by the real core. */
  get done(): number {
    return this.#outcomes.size;
  }

  add(node: Node): number {
    return this.#locals.numberOf(node.digest(), () => ({ node, view: viewOf(node) }));
  }

  view(local: number): View {
    return this.#locals.at(local).view;
  }

  parcel(number: number): Parcel {
    return this.#parcels.at(number);
  }

  parcelNumber(parcel: Parcel): number {
    return this.#parcels.numberOf(textOf(parcel, 0, 0), () => parcel);
  }

  /** The number of an act; `key`: the same for equal acts. */
  actNumber(key: string, make: () => Act): number {
    return this.#acts.numberOf(key, make);
  }

  /** The number of the act of hearing that parcel. */
  receipt(parcel: number): number {
    return (this.#receipts[parcel] ??= this.actNumber(`receive ${parcel}`, () => ({
      type: "receive",
      parcel: this.parcel(parcel),
    })));
  }

  /** What comes of an act; the state before it stays as it is. */
  outcome(local: number, act: number): Outcome {
    const key = local * mostActs + act;
    let outcome = this.#outcomes.get(key);
    if (outcome === undefined) {
      outcome = this.#findOut(local, this.#acts.at(act));
      this.#outcomes.set(key, outcome);
    }
    return outcome;
  }

  #findOut(local: number, act: Act): Outcome {
    const { node, view } = this.#locals.at(local);
    const after = copyOf(node);
    const effects = new Effects();
    after.act(act, effects);
    const { applied, reads, lost, isLeased } = effects;
    const sent = effects.sent.map((parcel) => this.parcelNumber(parcel));
    const said = { sent, applied, reads, lost, isLeased };
    // What a broken core holds need not be fit to be looked at.
    if (effects.violation !== null) return { ...said, next: local, violation: effects.violation };
    const next = this.add(after);
    return { ...said, next, violation: regression(view, this.view(next), act) };
  }
}

/** NoRegression: what was told is not taken back, except what a crash may forget. */
function regression(before: View, after: View, act: Act): Violation | null {
  const forgets = act.type === "reboot" || act.type === "wipe";
  const goesOn =
    after.term >= before.term && after.commit >= before.commit && after.applied >= before.applied;
  const isKept = act.type === "wipe" || after.durable.term >= before.durable.term;
  if (isKept && (forgets || goesOn)) return null;
  const { id, term, commit, applied } = before;
  const facts = { id, term, commit, applied, act, after: [after.term, after.commit, after.applied] };
  return { invariant: "NoRegression", facts };
}
