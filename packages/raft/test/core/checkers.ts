import {
  type Configuration,
  isMember,
  isVoter,
  type Member as Listed,
} from "../../src/core/config/configuration.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { Message, PreVote } from "../../src/core/message.ts";
import type { AppendTask } from "../../src/core/ready.ts";
import type { Index, LogId, Role, Term } from "../../src/core/types.ts";
import { check } from "./check.ts";
import type { Member } from "./member.ts";
import type { Parcel } from "./parcel.ts";
import { ProbeChecker } from "./probe-checker.ts";
import { ReadPatience } from "./read-patience.ts";

/** Safety of a whole group, checked after every step from outside the cores. */
export class Checkers {
  readonly #leaders = new Map<Term, string>();
  readonly #votes = new Map<string, string>();
  readonly #frames = new Map<string, { readonly frame: Uint8Array; readonly before: Term | null }>();
  readonly #applied: string[] = [];
  readonly #seen = new Map<string, { term: Term; commit: Index; applied: Index }>();
  #members: ((id: string) => Member) | null = null;
  readonly #probes = new ProbeChecker();
  /** Who asked for votes in which term. */
  readonly #hasTried = new Set<string>();
  /** Ticks of each member since something made it wait anew. */
  readonly #waited = new Map<string, number>();
  /** Role and newest vote of each member. */
  readonly #stands = new Map<string, { readonly role: Role; readonly vote: string | undefined }>();
  readonly #patience = new ReadPatience();
  // Terms of committed entries; position 0 is entry 1.
  readonly #committed: Term[] = [];
  // The terms in which they were first known committed.
  readonly #committedIn: Term[] = [];

  /** DurableBeforeAck, ProbeDescends and ProbeLeaps are checked too, for members that nobody writes or speaks for. */
  watchDisks(members: (id: string) => Member): void {
    this.#members = members;
  }

  get committed(): Index {
    return this.#committed.length;
  }

  /**
   * LogMatching: an entry is the same wherever it is, and so is the one before it.
   * @param before the term of the one before the first; null: it is compacted away
   */
  entries(entries: readonly Entry[], before: Term | null): void {
    let previous = before;
    for (const { index, term, frame } of entries) {
      const key = `${index}/${term}`;
      const known = this.#frames.get(key);
      if (known !== undefined) {
        const isSame = Buffer.compare(known.frame, frame) === 0;
        const follows = previous === null || known.before === null || known.before === previous;
        check(isSame && follows, "LogMatching", { key, previous });
      }
      this.#frames.set(key, { frame, before: previous ?? known?.before ?? null });
      previous = term;
    }
  }

  /** DurableBeforeSend: what a message promises is on the disk when it leaves. */
  sent(member: Member, to: string, message: Message): void {
    const { disk, id } = member;
    const { term, vote } = disk.hardState;
    const facts = { id, to, type: message.type, term: message.term, durable: disk.hardState };
    if (message.type === "vote" || message.type === "append" || message.type === "heartbeat") {
      check(term === message.term && vote === id, "DurableBeforeSend", facts);
    }
    if (message.type === "vote-reply" && message.granted) {
      check(term === message.term && vote === to, "DurableBeforeSend", facts);
      this.#vote(`${id}/${member.incarnation}/${message.term}`, to);
      // Also when it says so again.
      this.waitsAnew(id);
    }
    if (message.type === "append-reply" && message.match !== null) {
      const stored = Math.max(disk.last.index, disk.snapshot?.last.index ?? 0);
      check(term === message.term && stored >= message.match, "DurableBeforeSend", facts);
    }
    const isTry = message.type === "pre-vote" || message.type === "vote";
    if (isTry) this.#tries(member);
    if (message.type === "append") this.entries(message.entries, message.prev.term);
    if (this.#members !== null) this.#probes.sent(member, to, message);
  }

  /**
   * TryAnswered: whoever asks for pre-votes is told the term by all whose disks are idle, or stays behind.
   * RefusalHasCause: nobody stands by a leader against that leader itself.
   */
  asked(member: Member, by: string, { term, last }: PreVote, said: readonly Parcel[]): void {
    const { id, raft } = member;
    const facts = { id, by, term, last, own: raft.last };
    const answers = said.flatMap(({ to, message }) =>
      to === by && message.type === "pre-vote-reply" ? [message] : [],
    );
    check(answers.length > 0, "TryAnswered", facts);
    const isBehind = term <= raft.term || last.term < raft.last.term;
    const isShorter = last.term === raft.last.term && last.index < raft.last.index;
    // Pledges hold against everybody, and of two tries on a closed link that cross one gives way.
    const isBound = raft.configuration.leaseReads || this.#hasTried.has(`${id} ${raft.term}`);
    if (isBehind || isShorter || isBound || raft.role === "leader" || raft.leader !== by) return;
    check(
      answers.every(({ granted }) => granted),
      "RefusalHasCause",
      facts,
    );
  }

  /** A member is about to hear a message of the data that another one has or had. */
  hears(member: Member, from: Member, incarnation: string, message: Message): void {
    if (message.type !== "append-reply" || this.#members === null) return;
    if (isMember(member.raft.configuration, from.id, incarnation))
      this.#probes.answered(member, from, message);
  }

  /** A member hears something of another one, to which it may have questions to say from before. */
  unspoken(id: string, from: string): void {
    this.#probes.forget(id, from);
  }

  /** What counts as durable is on the disk as it stands in memory. */
  written({ raft, disk, id }: Member, { entries }: AppendTask): void {
    for (const { index } of entries) {
      if (index > raft.durable || index < raft.firstIndex) continue;
      const [own, stored] = [raft.termAt(index), disk.at(index)?.term];
      check(own === stored, "DurableAsInMemory", { id, index, own, stored });
    }
  }

  /** StateMachineSafety: every node applies the same entries in the same order. */
  applied(member: Member, entry: Entry, text: string): void {
    const known = (this.#applied[entry.index - 1] ??= text);
    const facts = { id: member.id, index: entry.index, text, known };
    check(entry.index === member.state.length + 1 && text === known, "StateMachineSafety", facts);
    check(member.disk.last.index >= entry.index, "AppliedWithinDurable", facts);
  }

  /** NoRegression, ElectionSafety, LeaderCompleteness; UnhurriedCandidate: whoever asks for votes waits by ticks alone. */
  observe(member: Member): void {
    const { raft, id } = member;
    const { term, commit, applied, role } = raft;
    const vote = raft.vote === null ? this.#stands.get(id)?.vote : `${raft.vote} in ${term}`;
    if (this.#stands.get(id)?.role !== role || this.#stands.get(id)?.vote !== vote) this.waitsAnew(id);
    this.#stands.set(id, { role, vote });
    const seen = this.#seen.get(id) ?? { term: 0, commit: 0, applied: 0 };
    const forward = term >= seen.term && commit >= seen.commit && applied >= seen.applied;
    check(forward, "NoRegression", { id, seen, term, commit, applied });
    check(role !== "candidate" || raft.nextDeadlineMs() === null, "UnhurriedCandidate", { id, term });
    this.#commit(member, seen.commit);
    this.#configuration(member);
    this.#seen.set(id, { term, commit, applied });
    if (raft.role === "leader") this.#leader(member);
  }

  /** A member asks for a read point. */
  reads(member: Member, read: number): void {
    this.#patience.asks(member, read);
  }

  /** A tick is about to come. */
  ticks(member: Member): void {
    this.#patience.begin(member);
  }

  /**
   * PromptElection: whoever hears no leader asks for votes within two election timeouts. Only a leader, a vote of its own
   * and an own try make it wait anew.
   */
  ticked(member: Member): void {
    this.#patience.end(member);
    const { id, incarnation, raft, task } = member;
    const { voters, outgoing, leaseReads } = raft.configuration;
    const votes = [...voters, ...outgoing].some((one) => one.id === id && one.incarnation === incarnation);
    // A pledge postpones a try, and who waits for its disk must not lead.
    if (raft.role === "leader" || !votes || leaseReads || task !== null) return this.waitsAnew(id);
    const waited = (this.#waited.get(id) ?? 0) + 1;
    this.#waited.set(id, waited);
    check(waited <= 2 * member.electionTicks, "PromptElection", { id, waited, term: raft.term });
  }

  waitsAnew(id: string): void {
    this.#waited.set(id, 0);
  }

  /** LeaseDiscipline: whoever answers from a lease is the newest leader there is. */
  leased({ id, raft }: Member): void {
    const newest = Math.max(...this.#leaders.keys());
    check(newest === raft.term, "LeaseDiscipline", { id, term: raft.term, newest });
  }

  /** What is not durable may be forgotten; term and applied-from-snapshot may not. */
  crashed(member: Member): void {
    this.waitsAnew(member.id);
    this.#seen.set(member.id, { term: member.disk.hardState.term, commit: 0, applied: 0 });
  }

  /** VotersTry: nobody asks for votes who is no voter in what is committed, nor in what may be. Dissertation §4.2.2. */
  #tries({ raft, id, incarnation }: Member): void {
    this.waitsAnew(id);
    this.#hasTried.add(`${id} ${raft.term}`);
    let votes = false;
    for (
      let { index } = raft.last;
      !votes && index >= raft.commit;
      index = raft.configurationAt(index).index - 1
    )
      votes = isVoter(raft.configurationAt(index), id, incarnation);
    check(votes, "VotersTry", { id, term: raft.term, configuration: raft.configuration });
  }

  #vote(key: string, to: string): void {
    const known = this.#votes.get(key) ?? to;
    check(known === to, "OneVotePerTerm", { key, to, known });
    this.#votes.set(key, to);
  }

  #commit(member: Member, known: Index): void {
    const { raft, id } = member;
    for (let index = Math.max(raft.firstIndex, known + 1); index <= raft.commit; index += 1) {
      const term = raft.termAt(index);
      if (term === null) continue;
      if (index === this.#committed.length + 1) {
        this.#committed.push(term);
        this.#committedIn.push(raft.term);
        this.#durable(member, { index, term });
      }
      check((this.#committed[index - 1] ?? term) === term, "CommittedForGood", { id, index, term });
    }
  }

  /**
   * DurableBeforeAck: what is committed is on the disks of a majority of each half of a configuration that was in force
   * since it was appended. The leader may have appended others since it counted.
   */
  #durable({ raft, id }: Member, entry: LogId): void {
    const members = this.#members;
    if (members === null) return;
    const isHeld = (half: readonly Listed[]): boolean => {
      const held = half.filter((voter) => members(voter.id).holds(voter.incarnation, entry));
      return held.length * 2 > half.length || half.length === 0;
    };
    const isIn = ({ voters, outgoing }: Configuration): boolean => isHeld(voters) && isHeld(outgoing);
    let index = raft.last.index;
    let holds = false;
    for (; !holds && index >= entry.index; index = Math.min(index, raft.configurationAt(index).index) - 1)
      holds = isIn(raft.configurationAt(index));
    check(holds, "DurableBeforeAck", { id, entry, configuration: raft.configuration });
  }

  /** ConfigurationSafety: the newest one in the log is in force, and the one before it is committed. */
  #configuration({ raft, id, disk }: Member): void {
    const { configuration, last } = raft;
    const before = raft.configurationAt(configuration.index - 1);
    const isNext = before.index <= this.committed || before.index === configuration.index;
    check(isNext && configuration.index <= last.index, "ConfigurationSafety", { id, configuration, before });
    const isOwn = raft.role === "leader" && raft.termAt(configuration.index) === raft.term;
    const isFirst = before.historyId === "" || configuration.index <= raft.commit;
    const isEstablished = isFirst || raft.termAt(raft.commit) === raft.term;
    check(!isOwn || isEstablished, "ChangeAfterFirstCommit", { id, configuration, commit: raft.commit });
    if (disk.last.index !== last.index || disk.last.term !== last.term) return;
    check(disk.configuration().index === configuration.index, "EffectiveAtAppend", { id, configuration });
  }

  #leader({ raft, id, incarnation }: Member): void {
    const known = this.#leaders.get(raft.term);
    const own = `${id}/${incarnation}`;
    check((known ?? own) === own, "ElectionSafety", { term: raft.term, known, own });
    if (known !== undefined) return;
    this.#leaders.set(raft.term, own);
    for (let index = raft.firstIndex; index <= this.#committed.length; index += 1) {
      // A leader that is elected late, by votes that took their time, owes later terms nothing.
      if ((this.#committedIn[index - 1] ?? 0) >= raft.term) continue;
      const term = raft.termAt(index);
      check(term === this.#committed[index - 1], "LeaderCompleteness", { id, index, term });
    }
  }
}
