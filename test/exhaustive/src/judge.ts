import type { Configuration, Index, Term } from "@flotilla/raft";
import type { Parcel, Violation } from "./act.ts";
import type { Outcome } from "./locals.ts";
import type { Past } from "./past.ts";
import { storedTerm, termAt } from "./view.ts";
import type { View } from "./view.ts";

function replaced<T>(list: readonly T[], position: number, item: T): readonly T[] {
  const copy = [...list];
  copy[position] = item;
  return copy;
}

/**
 * Judges one step of the whole, from outside: ElectionSafety, OneVotePerTerm, LogMatching, LeaderCompleteness,
 * StateMachineSafety, CommittedForGood, DurableBeforeAck, ConfigurationSafety, ChangeAfterFirstCommit, EffectiveAtAppend,
 * ReadsAreCurrent, LeaseDiscipline, LostIsLost, SnapshotOfCommitted. The first that is broken is told.
 */
export class Judge {
  past: Past;
  violation: Violation | null = null;
  readonly #views: readonly View[];

  /** `views`: all members, as they are after the step. */
  constructor(past: Past, views: readonly View[]) {
    this.past = past;
    this.#views = views;
  }

  /** What a member has said and done. */
  effects(view: View, { applied, reads, lost, isLeased }: Outcome, sent: readonly Parcel[]): void {
    for (const parcel of sent) this.#sent(view, parcel);
    for (const { id, index } of reads) this.#read(view, id, index);
    for (const { index, text } of applied) this.#applied(view, index, text);
    for (const number of lost) this.#lost(number);
    if (isLeased) this.#leased(view);
  }

  /** What a member is now. */
  member(view: View): void {
    this.#commit(view);
    this.#snapshot(view);
    this.#configuration(view);
    if (view.role === "leader") this.#leader(view);
    for (const other of this.#views) if (other !== view) this.#compare(view, other);
  }

  #check(holds: boolean, invariant: string, facts: () => unknown): void {
    if (!holds) this.violation ??= { invariant, facts: facts() };
  }

  #sent({ id, incarnation }: View, { to, message }: Parcel): void {
    if (message.type === "vote") this.#vote(`${id}/${incarnation} in ${message.term}`, id);
    if (message.type === "vote-reply" && message.granted)
      this.#vote(`${id}/${incarnation} in ${message.term}`, to);
  }

  #vote(who: string, to: string): void {
    const { votes } = this.past;
    const vote = `${who}: ${to}`;
    if (votes.includes(vote)) return;
    const other = votes.find((one) => one.startsWith(`${who}: `));
    this.#check(other === undefined, "OneVotePerTerm", () => ({ vote, other }));
    this.past = { ...this.past, votes: [...votes, vote].toSorted() };
  }

  #read({ id }: View, read: number, index: Index | null): void {
    const { reads } = this.past;
    const least = reads[read - 1] ?? 0;
    this.#check(index === null || index >= least, "ReadsAreCurrent", () => ({ id, read, index, least }));
    this.past = { ...this.past, reads: replaced(reads, read - 1, null) };
  }

  #applied({ id }: View, index: Index, text: string): void {
    const { applied, lost } = this.past;
    const known = applied[index - 1];
    const isNext = known === undefined && index === applied.length + 1;
    this.#check(known === text || isNext, "StateMachineSafety", () => ({ id, index, text, known }));
    if (!isNext) return;
    this.past = { ...this.past, applied: [...applied, text] };
    const isLost = lost.some((number) => text.endsWith(`:command:p${number}`));
    this.#check(!isLost, "LostIsLost", () => ({ id, index, text }));
  }

  /** LeaseDiscipline: whoever answers from a lease is the newest leader there is. */
  #leased({ id, term }: View): void {
    const newest = this.past.leaders.length - 1;
    this.#check(newest <= term, "LeaseDiscipline", () => ({ id, term, newest }));
  }

  #lost(number: number): void {
    const { applied, lost } = this.past;
    if (lost.includes(number)) return;
    this.past = { ...this.past, lost: [...lost, number].toSorted((a, b) => a - b) };
    const index = applied.findIndex((text) => text.endsWith(`:command:p${number}`)) + 1;
    this.#check(index === 0, "LostIsLost", () => ({ number, index }));
  }

  #commit(view: View): void {
    const { terms, commit, id } = view;
    for (let index = Math.max(1, terms.first); index <= commit; index += 1) {
      const term = termAt(view, index) ?? 0;
      const { committed, committedIn } = this.past;
      const known = committed[index - 1];
      this.#check((known ?? term) === term, "CommittedForGood", () => ({ id, index, term, known }));
      if (index !== committed.length + 1) continue;
      this.past = {
        ...this.past,
        committed: [...committed, term],
        committedIn: [...committedIn, view.term],
      };
      this.#durable(view, index, term);
    }
  }

  /**
   * DurableBeforeAck: what is committed is on the disks of a majority of each half of a configuration that was in force
   * since it was appended. The leader may have appended others since it counted.
   */
  #durable(view: View, index: Index, term: Term): void {
    const isHeld = (half: Configuration["voters"]): boolean => {
      const held = half.filter((voter) => this.#holds(voter, index, term));
      return held.length * 2 > half.length || half.length === 0;
    };
    let holds = false;
    for (const { index: since, voters, outgoing } of view.configurations) {
      holds ||= isHeld(voters) && isHeld(outgoing);
      if (since <= index) break;
    }
    this.#check(holds, "DurableBeforeAck", () => ({ id: view.id, index, term }));
  }

  /** Whoever has other data by now had the entry, for all that is known. */
  #holds({ id, incarnation }: Configuration["voters"][number], index: Index, term: Term): boolean {
    const view = this.#views.find((one) => one.id === id);
    if (view === undefined || view.incarnation !== incarnation) return true;
    return index <= view.compacted.index || storedTerm(view, index) === term;
  }

  #snapshot({ id, snapshot }: View): void {
    if (snapshot === null) return;
    const known = this.past.committed[snapshot.index - 1];
    this.#check(known === snapshot.term, "SnapshotOfCommitted", () => ({ id, snapshot, known }));
  }

  /** ConfigurationSafety: the newest one in the log is in force, and the one before it is committed. */
  #configuration(view: View): void {
    const { configurations, last, id, role, commit, isBusy, storedConfiguration } = view;
    const [current, before = current] = configurations;
    if (current === undefined || before === undefined) return;
    const isNext = before.index <= this.past.committed.length || before.index === current.index;
    const facts = (): unknown => ({ id, current, before, commit });
    this.#check(isNext && current.index <= last.index, "ConfigurationSafety", facts);
    const isOwn = role === "leader" && termAt(view, current.index) === view.term;
    const isFirst = before.historyId === "" || current.index <= commit;
    const isEstablished = isFirst || termAt(view, commit) === view.term;
    this.#check(!isOwn || isEstablished, "ChangeAfterFirstCommit", facts);
    if (!isBusy) this.#check(storedConfiguration === current.index, "EffectiveAtAppend", facts);
  }

  /** ElectionSafety, LeaderCompleteness. */
  #leader(view: View): void {
    const { id, incarnation, term, terms } = view;
    const { leaders, committed, committedIn } = this.past;
    const own = `${id}/${incarnation}`;
    const known = leaders[term] ?? null;
    this.#check((known ?? own) === own, "ElectionSafety", () => ({ term, known, own }));
    if (known !== null) return;
    this.past = { ...this.past, leaders: replaced(leaders, term, own) };
    for (let index = Math.max(1, terms.first); index <= committed.length; index += 1) {
      // A leader that is elected late, by votes that took their time, owes later terms nothing.
      if ((committedIn[index - 1] ?? 0) >= term) continue;
      const kept = termAt(view, index) === committed[index - 1];
      this.#check(kept, "LeaderCompleteness", () => ({ id, term, index, committed }));
    }
  }

  /** LogMatching: where two logs agree they agree on everything before. */
  #compare(a: View, b: View): void {
    let agree = false;
    const first = Math.max(a.terms.first, b.terms.first);
    for (let index = Math.min(a.last.index, b.last.index); index >= first; index -= 1) {
      const same = termAt(a, index) === termAt(b, index);
      this.#check(same || !agree, "LogMatching", () => ({ a: a.id, b: b.id, index }));
      agree ||= same;
    }
    for (let index = Math.max(a.stored.first, b.stored.first); ; index += 1) {
      const one = a.stored.items[index - a.stored.first];
      const other = b.stored.items[index - b.stored.first];
      if (one === undefined || other === undefined) break;
      const differ = one !== other && Number.parseInt(one, 10) === Number.parseInt(other, 10);
      this.#check(!differ, "LogMatching", () => ({ a: a.id, b: b.id, index, one, other }));
    }
  }
}
