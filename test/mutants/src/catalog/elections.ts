import type { Mutant } from "../mutant.ts";
import { election, logStore, quorum, raftLog, receive, roles, state, tally, voting } from "./files.ts";

/** Who may lead. */
export const elections: readonly Mutant[] = [
  {
    id: "R01",
    severity: 1,
    title: "a vote is answered before it is durable",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: voting,
        find: "s.outbox.sendWhenDurable(from, reply, { ...s.gate(0), vote: granted ? from : null });",
        replace: "s.outbox.send(from, reply);",
      },
    ],
  },
  {
    id: "R02",
    severity: 1,
    title: "vote and term are two writes: a crash between them leaves a new vote in the old term",
    killer: "test every crash point",
    // The worlds take a batch for one write, so that this one would be found for a wrong reason.
    onlySuites: true,
    edits: [
      {
        file: logStore,
        find: "await this.#store.write(plan.writes);",
        replace: `for (const write of plan.writes) {
      if (write.key[0] === 0x01) await this.#store.write([write]);
    }
    await this.#store.write(plan.writes);`,
      },
    ],
  },
  {
    id: "R03",
    severity: 1,
    title: "the vote is forgotten on a step-down within the term",
    killer: "ElectionSafety",
    edits: [
      {
        file: roles,
        find: "if (term !== s.term) s.enterTerm(term);",
        replace: "if (term !== s.term) s.enterTerm(term);\n  else s.forgetVote();",
      },
      {
        file: state,
        find: "  voteFor(id: NodeId): void {",
        replace: `  forgetVote(): void {
    this.#hard = { term: this.#hard.term, vote: null };
  }

  voteFor(id: NodeId): void {`,
      },
    ],
  },
  {
    id: "R04",
    severity: 1,
    title: "logs are compared by index before term",
    killer: "LeaderCompleteness",
    edits: [
      {
        file: raftLog,
        find: "return last.term > this.#last.term || (last.term === this.#last.term && last.index >= this.#last.index);",
        replace:
          "return last.index > this.#last.index || (last.index === this.#last.index && last.term >= this.#last.term);",
      },
    ],
  },
  {
    id: "R05",
    severity: 1,
    title: "votes are given whatever the candidate's log holds",
    killer: "LeaderCompleteness",
    edits: [
      {
        file: raftLog,
        find: "return last.term > this.#last.term || (last.term === this.#last.term && last.index >= this.#last.index);",
        replace: "return last.index >= 0;",
      },
    ],
  },
  {
    id: "R06",
    severity: 1,
    title: "answers are counted, not voters: a repeated one counts twice",
    killer: "ElectionSafety",
    edits: [
      {
        file: tally,
        find: "  record(id: NodeId, incarnation: string, granted: boolean): void {",
        replace:
          "  #grants = 0;\n\n  record(id: NodeId, incarnation: string, granted: boolean): void {\n    if (granted) this.#grants += 1;",
      },
      {
        file: tally,
        find: "return isQuorum(configuration, (voter) => this.#grantedBy(voter));",
        replace:
          "return this.#grants * 2 > voters.length || isQuorum(configuration, (voter) => this.#grantedBy(voter));",
      },
    ],
  },
  {
    id: "R07",
    severity: 1,
    title: "a vote of an earlier term counts in the current one",
    killer: "ElectionSafety",
    edits: [
      {
        file: receive,
        find: "if (message.term < s.term) {",
        replace: 'if (message.term < s.term && message.type !== "vote-reply") {',
      },
    ],
  },
  {
    id: "R08",
    severity: 1,
    title: "an answer to a pre-vote counts as a vote",
    killer: "ElectionSafety",
    edits: [
      {
        file: receive,
        find: "return onPreVoteAnswer(s, from, incarnation, message.granted, message.term);",
        replace: `if (s.role === "candidate") return onVoteAnswer(s, from, incarnation, message.granted);
      return onPreVoteAnswer(s, from, incarnation, message.granted, message.term);`,
      },
    ],
  },
  {
    id: "R09",
    severity: 1,
    title: "a majority of an even number is half of it",
    killer: "QuorumReal",
    edits: [{ file: quorum, find: "Math.floor(voters / 2) + 1", replace: "Math.ceil(voters / 2)" }],
  },
  {
    id: "R11",
    severity: 1,
    title: "a candidate asks for votes before its own is durable",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: election,
        find: 's.outbox.sendWhenDurable(to, { type: "vote", term: s.term, last, transfer }, gate);',
        replace: 's.outbox.send(to, { type: "vote", term: gate.term, last, transfer });',
      },
    ],
  },
  {
    id: "R12",
    severity: 2,
    title: "a leader ignores a later term in the answer to an append",
    killer: "TermRules",
    edits: [
      {
        file: receive,
        find: 'if (message.term === s.term || message.type === "pre-vote") return true;',
        replace: `if (message.term === s.term || message.type === "pre-vote") return true;
  if (message.type === "append-reply") return false;`,
      },
    ],
  },
  {
    id: "R13",
    severity: 3,
    title: "asking for pre-votes already begins a term",
    killer: "PreVoteFirst",
    edits: [
      {
        file: election,
        find: '  s.role = "precandidate";\n',
        replace: '  s.enterTerm(s.term + 1);\n  s.role = "precandidate";\n',
      },
    ],
  },
  {
    id: "R14",
    severity: 3,
    title: "the wait for a leader is the same for everybody",
    killer: "ElectionSpread",
    edits: [
      {
        file: state,
        find: "return this.electionTicks + this.random.below(this.electionTicks);",
        replace: "return this.electionTicks;",
      },
    ],
  },
  {
    id: "R15",
    severity: 3,
    title: "a refused candidate makes a follower wait anew",
    killer: "PromptElection",
    edits: [
      {
        file: voting,
        find: '  const reply = { type: "vote-reply", term: s.term, granted } as const;',
        replace:
          '  s.restartWait();\n  const reply = { type: "vote-reply", term: s.term, granted } as const;',
      },
    ],
  },
  {
    id: "R16",
    severity: 3,
    title: "a leader that reaches no majority goes on leading",
    killer: "LeaderContact",
    edits: [
      {
        file: election,
        find: "s.tick - heard >= s.electionTicks",
        replace: "reachedByMajority(heard) < 0",
      },
    ],
  },
  {
    id: "R18",
    severity: 3,
    title: "whoever campaigns ignores the leader of its own term",
    killer: "TermRules",
    edits: [
      {
        file: receive,
        find: '    case "append":\n      heardLeader(s, from);',
        replace: '    case "append":\n      if (s.tally !== null) return;\n      heardLeader(s, from);',
      },
      {
        file: receive,
        find: '    case "heartbeat":\n      heardLeader(s, from);',
        replace: '    case "heartbeat":\n      if (s.tally !== null) return;\n      heardLeader(s, from);',
      },
    ],
  },
];
