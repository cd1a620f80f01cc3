import type { Act, Violation } from "./act.ts";
import { choicesOf } from "./choices.ts";
import type { Choice } from "./choices.ts";
import { Interned } from "./interned.ts";
import { Judge } from "./judge.ts";
import type { Core } from "./load-core.ts";
import { Locals } from "./locals.ts";
import type { Outcome } from "./locals.ts";
import { founded, founding, nobody } from "./members.ts";
import { Node } from "./node.ts";
import { nothing } from "./past.ts";
import type { Past } from "./past.ts";
import { rares } from "./scope.ts";
import type { Rare, Scope } from "./scope.ts";
import type { View } from "./view.ts";

/** The whole at one moment: a number for each member, for each link, for who is isolated, for the past, for what was counted. */
export type State = Int32Array;

/** What a member did in a step. */
export interface Deed {
  readonly member: number;
  readonly outcome: Outcome;
}

/** What came of a choice. `state` is overwritten by the next one. */
export interface Step {
  readonly state: State;
  readonly deeds: readonly Deed[];
  readonly violation: Violation | null;
}

const count = (kind: Rare): number => rares.indexOf(kind);
const proposals = count("propose");
const reads = count("read");
const changes = count("change");

/** Members of a scope, what is under way between them, and everything that may happen next. */
export class World {
  readonly scope: Scope;
  readonly ids: readonly string[];
  readonly locals: Locals = new Locals();
  readonly choices: readonly Choice[];
  readonly #queues = new Interned<readonly number[]>();
  readonly #pasts = new Interned<Past>();
  readonly #counts = new Interned<readonly number[]>();
  readonly #next: State;
  /** Links on which nothing arrives any more. */
  readonly #cut = new Set<number>();
  #deeds: Deed[] = [];

  constructor(scope: Scope, core: Core) {
    this.scope = scope;
    this.ids = [...scope.voters, ...scope.learners, ...scope.joiners];
    this.choices = choicesOf(scope, this.ids);
    this.#next = new Int32Array(this.width);
    const { voters, learners, leases, waits, batch } = scope;
    const initial = scope.founding ? founding(voters) : founded(voters, learners, leases);
    for (const [member, id] of this.ids.entries()) {
      const wait = waits[member] ?? Number.POSITIVE_INFINITY;
      const known = scope.joiners.includes(id) ? nobody : initial;
      const node = new Node(core, id, known, { wait, batch });
      this.#next[member] = this.locals.add(node);
    }
    for (let link = 0; link < this.ids.length ** 2; link += 1)
      this.#next[this.ids.length + link] = this.#queue([]);
    this.#setPast(nothing);
    this.#setCounts(rares.map(() => 0));
  }

  /** Numbers in a state. */
  get width(): number {
    return this.ids.length + this.ids.length ** 2 + 3;
  }

  /** Before anything happened. */
  first(): State {
    return this.#next.slice();
  }

  view(state: State, member: number): View {
    return this.locals.view(state[member] ?? 0);
  }

  past(state: State): Past {
    return this.#pasts.at(state[this.width - 2] ?? 0);
  }

  /** How often each of the rare things has happened. */
  counts(state: State): readonly number[] {
    return this.#counts.at(state[this.width - 1] ?? 0);
  }

  /** What is under way to a member from another one, oldest first. */
  queue(state: State, from: number, to: number): readonly number[] {
    return this.#queues.at(state[this.#link(from, to)] ?? 0);
  }

  /** From now on nothing passes between those that the scope cuts off from each other. */
  cut(): void {
    for (const [a, b] of this.scope.cut) {
      const [one, other] = [this.ids.indexOf(a), this.ids.indexOf(b)];
      this.#cut.add(this.#link(one, other)).add(this.#link(other, one));
    }
  }

  /** True when that can happen, whatever was counted. */
  isPossible(state: State, { kind, member, other, at, lost }: Choice): boolean {
    switch (kind) {
      case "deliver":
      case "drop":
      case "repeat":
        return this.queue(state, other, member).length > 0;
      case "overtake":
        return this.queue(state, other, member).length > at;
      case "isolate":
        return !this.#isIsolated(state, member);
      case "heal":
        return this.#isIsolated(state, member);
      default:
        return isPossible(this.view(state, member), kind, lost);
    }
  }

  /** Does it. */
  take(state: State, choice: Choice): Step {
    this.#next.set(state);
    this.#deeds = [];
    const before = this.past(state);
    const { counted, kind } = choice;
    let counts = this.counts(state);
    if (counted >= 0) counts = counts.map((value, k) => (k === counted ? value + 1 : value));
    if (counted >= 0) this.#setCounts(counts);
    // What is asked for may be answered at once.
    const past = kind === "read" ? { ...before, reads: [...before.reads, before.committed.length] } : before;
    this.#do(choice, counts);
    return this.#judged(past, state);
  }

  #judged(past: Past, before: State): Step {
    const views = this.ids.map((_, member) => this.view(this.#next, member));
    const judge = new Judge(past, views);
    let violation: Violation | null = null;
    for (const { member, outcome } of this.#deeds) {
      violation ??= outcome.violation;
      const view = views[member];
      if (view === undefined || violation !== null) break;
      judge.effects(
        view,
        outcome,
        outcome.sent.map((parcel) => this.locals.parcel(parcel)),
      );
    }
    for (const [member, view] of views.entries())
      if (this.#next[member] !== before[member] && violation === null) judge.member(view);
    this.#setPast(judge.past);
    return { state: this.#next, deeds: this.#deeds, violation: violation ?? judge.violation };
  }

  #do(choice: Choice, counts: readonly number[]): void {
    const { kind, member, other, at } = choice;
    switch (kind) {
      case "deliver":
      case "overtake":
        return this.#deliver(other, member, at, false);
      case "repeat":
        return this.#deliver(other, member, at, true);
      case "drop":
        return this.#remove(other, member, at);
      case "timeout":
        return this.#timeOut(member);
      case "pass":
        for (const each of this.ids.keys()) this.#act(each, { type: "pass" });
        return;
      case "relink":
        return this.#relink(member, other);
      case "isolate":
        return this.#isolate(member);
      case "heal":
        return this.#heal(member);
      case "reboot":
      case "wipe":
        return this.#restart(choice);
      case "propose":
        return this.#act(member, { type: "propose", number: counts[proposals] ?? 0 });
      case "read":
        return this.#act(member, { type: "read", number: counts[reads] ?? 0 });
      case "transfer":
        return this.#act(member, { type: "transfer", to: this.ids[other] ?? "" });
      case "change": {
        const named = this.scope.changes[at];
        const number = counts[changes] ?? 0;
        return this.#act(member, { type: "change", number, changes: named?.changes ?? [] });
      }
      default:
        return this.#act(member, { type: kind });
    }
  }

  #deliver(from: number, to: number, at: number, stays: boolean): void {
    const parcel = this.queue(this.#next, from, to)[at];
    if (parcel === undefined) return;
    if (!stays) this.#remove(from, to, at);
    this.#actBy(to, this.locals.receipt(parcel));
  }

  #remove(from: number, to: number, at: number): void {
    const queue = this.queue(this.#next, from, to);
    this.#next[this.#link(from, to)] = this.#queue(queue.toSpliced(at, 1));
  }

  /** Time passes for everybody but leaders, whose clocks may be slow. */
  #timeOut(member: number): void {
    for (const other of this.ids.keys())
      if (other !== member && this.view(this.#next, other).role !== "leader")
        this.#act(other, { type: "wait" });
    this.#act(member, { type: "timeout" });
  }

  /** What is under way to and from it is lost, and all links are made anew. */
  #restart({ kind, member, lost }: Choice): void {
    this.#act(member, kind === "wipe" ? { type: "wipe" } : { type: "reboot", lost });
    for (const other of this.ids.keys()) if (other !== member) this.#relink(member, other);
  }

  #isIsolated(state: State, member: number): boolean {
    return ((state[this.width - 3] ?? 0) & (1 << member)) !== 0;
  }

  #isolate(member: number): void {
    for (const other of this.ids.keys()) this.#clear(member, other);
    this.#next[this.width - 3] = (this.#next[this.width - 3] ?? 0) | (1 << member);
  }

  #heal(member: number): void {
    this.#next[this.width - 3] = (this.#next[this.width - 3] ?? 0) & ~(1 << member);
    for (const other of this.ids.keys()) if (other !== member) this.#relink(member, other);
  }

  #clear(a: number, b: number): void {
    this.#next[this.#link(a, b)] = this.#queue([]);
    this.#next[this.#link(b, a)] = this.#queue([]);
  }

  #relink(a: number, b: number): void {
    this.#clear(a, b);
    if (this.#isIsolated(this.#next, a) || this.#isIsolated(this.#next, b)) return;
    for (const [member, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { incarnation } = this.view(this.#next, other);
      this.#act(member, { type: "link", peer: this.ids[other] ?? "", incarnation });
    }
  }

  #act(member: number, act: Act): void {
    this.#actBy(
      member,
      this.locals.actNumber(JSON.stringify(act), () => act),
    );
  }

  #actBy(member: number, act: number): void {
    const outcome = this.locals.outcome(this.#next[member] ?? 0, act);
    this.#next[member] = outcome.next;
    for (const number of outcome.sent) {
      const to = this.ids.indexOf(this.locals.parcel(number).to);
      const link = this.#link(member, to);
      const isLost = this.#isIsolated(this.#next, member) || this.#isIsolated(this.#next, to);
      if (!isLost && !this.#cut.has(link))
        this.#next[link] = this.#queue([...this.queue(this.#next, member, to), number]);
    }
    this.#deeds.push({ member, outcome });
  }

  #link(from: number, to: number): number {
    return this.ids.length + from * this.ids.length + to;
  }

  #queue(parcels: readonly number[]): number {
    return this.#queues.numberOf(parcels.join(" "), () => parcels);
  }

  #setPast(past: Past): void {
    // Mostly nothing was added to it.
    if (this.#pasts.size > 0 && this.past(this.#next) === past) return;
    this.#next[this.width - 2] = this.#pasts.numberOf(JSON.stringify(past), () => past);
  }

  #setCounts(counts: readonly number[]): void {
    this.#next[this.width - 1] = this.#counts.numberOf(counts.join(" "), () => counts);
  }
}

function isPossible(
  view: View,
  kind: Exclude<Choice["kind"], "deliver" | "drop" | "repeat" | "overtake" | "isolate" | "heal">,
  lost: boolean,
): boolean {
  switch (kind) {
    case "finish":
      return view.isBusy;
    case "install":
      return view.isInstalling;
    case "timeout":
      return view.role !== "leader" && view.isVoter;
    case "beat":
    case "lapse":
    case "transfer":
    case "change":
      return view.role === "leader";
    case "hold":
      return !view.isHeld && !view.isBusy;
    case "reboot":
      return !lost || view.isBusy;
    case "propose":
    case "read":
      return view.leader !== null;
    case "snapshot":
      return view.applied > (view.snapshot?.index ?? 0);
    default:
      return true;
  }
}
