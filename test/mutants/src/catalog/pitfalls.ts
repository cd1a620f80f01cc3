import type { Mutant } from "../mutant.ts";
import {
  applier,
  election,
  following,
  heartbeats,
  inflights,
  keys,
  logRecovery,
  openRun,
  logWindow,
  openStorage,
  progress,
  quorum,
  raftLog,
  receive,
  requestTurn,
  ticker,
  voting,
  writeMark,
} from "./files.ts";

/** What went wrong elsewhere and is not in the other lists. */
export const pitfalls: readonly Mutant[] = [
  {
    id: "P18",
    severity: 3,
    title: "a follower refuses a pre-vote to the leader it follows",
    killer: "Convergence",
    edits: [
      { file: voting, find: "s.leader === null || s.leader === asker ||", replace: "s.leader === null ||" },
    ],
  },
  {
    id: "P19",
    severity: 3,
    title: "to grant a pre-vote makes a follower wait anew",
    killer: "Convergence",
    edits: [
      { file: voting, find: "    yieldOwnTry(s);\n", replace: "    yieldOwnTry(s);\n    s.restartWait();\n" },
    ],
  },
  {
    id: "P20",
    severity: 3,
    title: "a pre-vote of an earlier term gets no answer",
    killer: "Convergence",
    edits: [
      {
        file: receive,
        find: 's.outbox.sendWhenDurable(from, { type: "pre-vote-reply", term, granted: false }, s.gate(0));',
        replace: 's.probe("raft-outdated-pre-vote");',
      },
    ],
  },
  {
    id: "P32",
    severity: 3,
    title: "after a stall the clock ticks before what has arrived is heard, as often as was missed",
    killer: "Convergence",
    edits: [
      { file: ticker, find: "this.#clock.defer(() => this.#fire());", replace: "this.#fire();" },
      { file: ticker, find: "Math.min(due, maxTicksAtOnce)", replace: "due" },
    ],
  },
  {
    id: "P38",
    severity: 1,
    title: "a heartbeat tells of a commit beyond what the follower acknowledged",
    killer: "StateMachineSafety",
    edits: [
      {
        file: heartbeats,
        find: "const commit = isOwn ? Math.min(s.log.commit, progress.match) : 0;",
        replace: "const commit = isOwn ? s.log.commit : 0;",
      },
    ],
  },
  {
    id: "P48",
    severity: 3,
    title: "a refused append is answered with a hint that never moves",
    killer: "Convergence",
    edits: [{ file: following, find: "const hint = s.log.sharedWith(prev);", replace: "const hint = prev;" }],
  },
  {
    id: "P51",
    severity: 2,
    title: "an answer to a heartbeat confirms no read while the peer's window is full",
    killer: "Convergence",
    edits: [
      {
        file: heartbeats,
        find: "  progress.round = Math.max(progress.round, round);\n",
        replace: "  if (progress.blocked) return;\n  progress.round = Math.max(progress.round, round);\n",
      },
    ],
  },
  {
    id: "P52",
    severity: 1,
    title: "entries that did not fit an apply task are passed over",
    killer: "StateMachineSafety",
    edits: [{ file: raftLog, find: "this.#handed += entries.length;", replace: "this.#handed = last;" }],
  },
  {
    id: "P55",
    severity: 1,
    title: "a snapshot replaces a log that contains it and goes on",
    killer: "NoRegression",
    edits: [
      {
        file: raftLog,
        find: "const contained = this.term(last.index) === last.term;",
        replace: "const contained = last.index < 0;",
      },
    ],
  },
  {
    id: "P59",
    severity: 3,
    title: "a late refusal of another question moves the next one",
    killer: "Convergence",
    edits: [
      {
        file: progress,
        find: "else if (prev === this.#next - 1) this.becomeProbe(",
        replace: "else this.becomeProbe(",
      },
    ],
  },
  {
    id: "P90",
    severity: 1,
    title: "the apply task under way goes on after a snapshot was installed",
    killer: "StateMachineSafety",
    edits: [
      {
        file: applier,
        find: "    this.take(nothing);\n    replaceState();",
        replace: "    replaceState();",
      },
    ],
  },
  {
    id: "P92",
    severity: 1,
    title: "an older snapshot takes the place of a damaged one although the log does not go on from it",
    killer: "NoRegression",
    edits: [
      { file: openStorage, find: "    if (meta.last.index < log.base.index) break;\n", replace: "" },
      {
        file: openStorage,
        find: "if (!installed || last.index <= log.commit)",
        replace: "if (!installed && last.index > log.commit)",
      },
    ],
  },
  {
    id: "P95",
    severity: 3,
    title: "the term of the last entry below the log is forgotten",
    killer: "Convergence",
    edits: [
      {
        file: raftLog,
        find: "if (index === this.#compacted.index) return this.#compacted.term;",
        replace: "if (index === 0) return 0;\n    if (index === this.#compacted.index) return null;",
      },
    ],
  },
  {
    id: "P121",
    severity: 3,
    title: "an acknowledgement frees one message of the window, not all that it covers",
    killer: "test in-flight messages behave like a plain list",
    edits: [
      { file: inflights, find: "    while (this.count > 0 && ", replace: "    if (this.count > 0 && " },
    ],
  },
  {
    id: "P122",
    severity: 1,
    title: "keys of the log are little-endian: 256 sorts before 1",
    killer: "SoundDataOpens",
    edits: [
      {
        file: keys,
        find: "for (let at = runKeyBytes - 1; at > 0; at -= 1) {",
        replace: "for (let at = 1; at < runKeyBytes; at += 1) {",
      },
      { file: keys, find: ".getBigUint64(1));", replace: ".getBigUint64(1, true));" },
    ],
  },
  {
    id: "P10",
    severity: 1,
    title: "a candidate does not note its own vote, and may vote for another in the same term",
    killer: "DurableBeforeAck",
    edits: [
      { file: election, find: "  s.voteFor(s.id);\n", replace: "" },
      {
        file: election,
        find: "const gate = { term: s.term, vote: s.id, index: 0 };",
        replace: "const gate = { term: s.term, vote: null, index: 0 };",
      },
    ],
  },
  {
    id: "P21",
    severity: 3,
    title: "a leader of an earlier term is not told of the later one",
    killer: "Convergence",
    edits: [
      {
        file: receive,
        find: `      const reply = { type: "append-reply", term, prevIndex, match: null, hint: null } as const;
      s.outbox.sendWhenDurable(from, reply, s.gate(0));
`,
        replace: "      s.probe(`raft-outdated-leader-${prevIndex}`);\n",
      },
    ],
  },
  {
    id: "P22",
    severity: 3,
    title: "the later term in the refusal of a pre-vote is not taken up",
    killer: "TermRules",
    edits: [
      {
        file: receive,
        find: 'if (message.type === "pre-vote-reply" && message.granted) return true;',
        replace: 'if (message.type === "pre-vote-reply") return message.granted;',
      },
    ],
  },
  {
    id: "P25",
    severity: 3,
    title: "a vote that arrives after the election was won wins it again",
    killer: "assertion DurableBeforeSend",
    edits: [
      {
        file: election,
        find: '  s.role = "leader";\n  s.tally = null;\n',
        replace: '  s.role = "leader";\n',
      },
    ],
  },
  {
    id: "P34",
    severity: 1,
    title: "an entry that does not fit is left out, and a smaller one behind it is not",
    killer: "assertion ReaderAgrees",
    edits: [
      {
        file: openRun,
        find: "if (into.length > 0 && end - this.#offset > bytes) break;",
        replace: `if (into.length > 0 && end - this.#offset > bytes) {
          this.#offset = end;
          this.#index += 1;
          continue;
        }`,
      },
    ],
  },
  {
    id: "P40",
    severity: 1,
    title: "what was durable before a truncation counts as durable after it",
    killer: "QuorumReal",
    edits: [
      { file: writeMark, find: "    this.#durable = Math.min(this.#durable, index - 1);\n", replace: "" },
    ],
  },
  {
    id: "P45",
    severity: 1,
    title: "the middle value is taken without sorting",
    killer: "QuorumReal",
    edits: [
      {
        file: quorum,
        find: "if (value > largest && countFrom(reached, value) >= needed) largest = value;",
        replace:
          "if (reached.indexOf(value) === needed - 1 && countFrom(reached, value) > 0) largest = value;",
      },
    ],
  },
  {
    id: "P96",
    severity: 1,
    title: "a committed entry is applied before it is durable",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: raftLog,
        find: "this.#handed < Math.min(this.#commit, this.mark.durable);",
        replace: "this.#handed < this.#commit;",
      },
      {
        file: raftLog,
        find: "const last = Math.min(this.#commit, this.mark.durable);",
        replace: "const last = this.#commit;",
      },
    ],
  },
  {
    id: "P108",
    severity: 3,
    title: "what a lazy deletion left below the log counts as part of it",
    killer: "SoundDataOpens",
    edits: [
      {
        file: logRecovery,
        find: "    if (first < tail.start) scan.leftovers = true;\n    else takeRun(",
        replace: "    if (first < tail.start) scan.leftovers = true;\n    takeRun(",
      },
    ],
  },
  {
    id: "P117",
    severity: 1,
    title: "a repeated request is done again instead of answered from its window",
    killer: "ExactlyOnce",
    edits: [
      {
        file: requestTurn,
        find: "  if (kept !== undefined) {\n",
        replace: "  if (kept !== undefined && seq < 0) {\n",
      },
    ],
  },
  {
    id: "P124",
    severity: 1,
    title: "entries handed out last are handed out again although others replaced them",
    killer: "LogMatching",
    edits: [
      {
        file: logWindow,
        find: "  truncateFrom(index: Index): void {\n    this.#taken = [];\n",
        replace: "  truncateFrom(index: Index): void {\n",
      },
      // A truncation looks at the entry before, which would be what was handed out last.
      {
        file: logWindow,
        find: "    if (!isSame) this.#taken = this.#entries.slice(position, end);\n    return this.#taken;\n",
        replace: `    const found = isSame ? this.#taken : this.#entries.slice(position, end);
    if (budget.maxBytes > 0) this.#taken = found;
    return found;
`,
      },
    ],
  },
];
