import type { Entry } from "../../../src/core/entry.ts";
import type { Message } from "../../../src/core/message.ts";
import type { AppendTask, Dropped, ReadPoint } from "../../../src/core/ready.ts";
import type { Index, LogId, Term } from "../../../src/core/types.ts";
import { Checkers } from "../../core/checkers.ts";
import type { Member } from "../../core/member.ts";
import { content } from "./print.ts";

interface Reign {
  readonly term: Term;
  readonly last: LogId;
}

function check(holds: boolean, invariant: string, facts: unknown): void {
  if (!holds) throw new Error(`${invariant} is broken: ${JSON.stringify(facts)}`);
}

/** True when the disk holds that entry, in its log or below its snapshot. */
function holds({ disk }: Member, { index, term }: LogId): boolean {
  const entry = disk.at(index);
  if (entry !== undefined) return entry.term === term;
  return index <= Math.max(disk.compacted.index, disk.snapshot?.last.index ?? 0);
}

/**
 * Everything that must hold whatever a scenario does: ElectionSafety, OneVotePerTerm, LogMatching,
 * LeaderCompleteness, LeaderAppendOnly, StateMachineSafety, DurableBeforeSend, QuorumReal, NoRegression,
 * ReadsAreCurrent, LeaseDiscipline and LostIsLost.
 */
export class Invariants {
  readonly #checkers = new Checkers();
  readonly #members: () => readonly Member[];
  readonly #reigns = new Map<string, Reign>();
  readonly #commits = new Map<string, Index>();
  /** What was committed anywhere when a read was made. */
  readonly #readsFrom = new Map<number, Index>();
  readonly #proposals = new Map<number, string>();
  readonly #lost = new Set<string>();
  readonly #applied = new Set<string>();

  constructor(members: () => readonly Member[]) {
    this.#members = members;
  }

  sent(member: Member, to: string, message: Message): void {
    this.#checkers.sent(member, to, message);
  }

  task({ raft }: Member, { entries }: AppendTask): void {
    this.#checkers.entries(entries, raft.termAt((entries[0]?.index ?? 1) - 1) ?? 0);
  }

  applied(member: Member, entry: Entry): void {
    const text = content(entry);
    this.#checkers.applied(member, entry, `${entry.term}:${text}`);
    this.#applied.add(text);
    check(!this.#lost.has(text), "LostIsLost", { id: member.id, index: entry.index, text });
  }

  proposed(id: number, text: string): void {
    this.#proposals.set(id, text);
  }

  dropped({ firstId, count, certain }: Dropped): void {
    if (!certain) return;
    for (let id = firstId; id < firstId + count; id += 1) {
      const text = this.#proposals.get(id) ?? "";
      this.#lost.add(text);
      check(!this.#applied.has(text), "LostIsLost", { id, text });
    }
  }

  readFrom(id: number): void {
    this.#readsFrom.set(id, this.#checkers.committed);
  }

  read({ id, index }: ReadPoint): void {
    const from = this.#readsFrom.get(id) ?? Number.POSITIVE_INFINITY;
    check(index === null || index >= from, "ReadsAreCurrent", { id, index, from });
  }

  leased(member: Member): void {
    this.#checkers.leased(member);
  }

  /** After every turn of a member. */
  observe(member: Member): void {
    this.#checkers.observe(member);
    this.#reign(member);
    this.#quorum(member);
  }

  ended(member: Member): void {
    this.#checkers.crashed(member);
    this.#reigns.delete(member.id);
    this.#commits.delete(member.id);
  }

  /** After every command: no two logs agree above a place where they differ. */
  compareLogs(): void {
    const members = this.#members();
    for (const a of members) {
      for (const b of members) if (a.id < b.id) this.#compare(a, b);
    }
  }

  #compare({ raft: a, id: aId }: Member, { raft: b, id: bId }: Member): void {
    let agree = false;
    const first = Math.max(a.firstIndex, b.firstIndex);
    for (let index = Math.min(a.last.index, b.last.index); index >= first; index -= 1) {
      const same = a.termAt(index) === b.termAt(index);
      check(same || !agree, "LogMatching", { a: aId, b: bId, index });
      agree ||= same;
    }
  }

  #reign({ raft, id }: Member): void {
    const { term, last } = raft;
    const before = this.#reigns.get(id);
    if (raft.role !== "leader") {
      this.#reigns.delete(id);
      return;
    }
    if (before?.term === term) {
      const kept = before.last.index < raft.firstIndex || raft.termAt(before.last.index) === before.last.term;
      check(last.index >= before.last.index && kept, "LeaderAppendOnly", { id, before, last });
    }
    this.#reigns.set(id, { term, last });
  }

  #quorum(member: Member): void {
    const { raft, id } = member;
    const before = this.#commits.get(id) ?? raft.commit;
    this.#commits.set(id, raft.commit);
    if (raft.role !== "leader" || raft.commit === before) return;
    const entry = { index: raft.commit, term: raft.termAt(raft.commit) ?? 0 };
    const { voters, outgoing } = raft.configuration;
    const holders = this.#members().filter((other) => holds(other, entry));
    for (const half of [voters, outgoing]) {
      const held = half.filter((voter) => holders.some((holder) => holder.id === voter.id));
      const real = entry.term === raft.term && (held.length * 2 > half.length || half.length === 0);
      check(real, "QuorumReal", { id, entry, holders: holders.map((holder) => holder.id) });
    }
  }
}
