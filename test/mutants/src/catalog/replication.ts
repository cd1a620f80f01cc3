import type { Mutant } from "../mutant.ts";
import {
  applier,
  core,
  following,
  heartbeats,
  leaderLog,
  logPlan,
  progress,
  quorum,
  readWaiters,
  reads,
  receive,
  election,
  roles,
  state,
  writeMark,
} from "./files.ts";

/** How entries spread, when they count, and what reads see. */
export const replication: readonly Mutant[] = [
  {
    id: "R20",
    severity: 1,
    title: "entries of an earlier term are committed by counting who holds them",
    killer: "QuorumReal",
    edits: [
      {
        file: leaderLog,
        find: "if (index <= s.log.commit || s.log.term(index) !== s.term) return;",
        replace: "if (index <= s.log.commit) return;",
      },
    ],
  },
  {
    id: "R21",
    severity: 1,
    title: "a follower cuts off everything after the entry before, although it matches",
    killer: "QuorumReal",
    edits: [
      {
        file: following,
        find: "entries.findIndex((entry) => s.log.term(entry.index) !== entry.term)",
        replace: "(entries.length === 0 ? -1 : 0)",
      },
    ],
  },
  {
    id: "R22",
    severity: 1,
    title: "a conflict is overwritten in place on the disk, its tail stays",
    killer: "LogMatching",
    edits: [
      {
        file: logPlan,
        find: 'for (const run of removed) draft.writes.push({ type: "delete", key: runKey(run.first) });',
        replace: "",
      },
    ],
  },
  {
    id: "R23",
    severity: 1,
    title: "a follower commits up to its own last entry, verified or not",
    killer: "StateMachineSafety",
    edits: [
      {
        file: following,
        find: "s.log.commitTo(Math.min(commit, match))",
        replace: "s.log.commitTo(Math.min(commit, s.log.last.index))",
      },
    ],
  },
  {
    id: "R24",
    severity: 1,
    title: "the term of the entry before is not compared",
    killer: "LogMatching",
    edits: [
      {
        file: following,
        find: "} else if (s.log.term(prev.index) !== prev.term) {",
        replace: "} else if (s.log.term(prev.index) === null) {",
      },
    ],
  },
  {
    id: "R25",
    severity: 1,
    title: "a follower acknowledges its own last entry, not the last one of the append",
    killer: "QuorumReal",
    edits: [
      {
        file: following,
        find: "accept(s, from, prev.index, match);",
        replace: "accept(s, from, prev.index, s.log.last.index);",
      },
    ],
  },
  {
    id: "R26",
    severity: 1,
    title: "an append is acknowledged before it is durable",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: following,
        find: "s.outbox.acknowledge(from, s.term, prevIndex, match, s.log.promisable);",
        replace: `const reply = { type: "append-reply", term: s.term, prevIndex, match, hint: null };
        s.outbox.sendWhenDurable(from, reply, s.gate(0));`,
      },
    ],
  },
  {
    id: "R27",
    severity: 1,
    title: "a leader counts itself before its own write is durable",
    killer: "QuorumReal",
    edits: [
      {
        file: leaderLog,
        find: "id === s.id ? s.log.durable :",
        replace: "id === s.id ? s.log.last.index :",
      },
    ],
  },
  {
    id: "R28",
    severity: 1,
    title: "an acknowledgement of an earlier term counts",
    killer: "QuorumReal",
    edits: [
      {
        file: receive,
        find: "if (message.term < s.term) {",
        replace:
          'if (message.term < s.term && !(message.type === "append-reply" && message.match !== null)) {',
      },
    ],
  },
  {
    id: "R29",
    severity: 1,
    title: "what is reached by one less than a majority counts as reached",
    killer: "QuorumReal",
    edits: [
      {
        file: quorum,
        find: "const needed = majority(reached.length);",
        replace: "const needed = Math.max(1, majority(reached.length) - 1);",
      },
    ],
  },
  {
    id: "R30",
    severity: 2,
    title: "a leader begins its term without an entry",
    killer: "Convergence",
    edits: [{ file: election, find: '  else appendOwn(s, "noop", [nothing], null);\n', replace: "" }],
  },
  {
    id: "R31",
    severity: 2,
    title: "a new leader answers reads before it has committed an entry of its term",
    killer: "ReadPoints",
    edits: [
      {
        file: heartbeats,
        find: "if (isEstablished(s)) leading.reads.begin(leading.round, s.log.commit);",
        replace: "leading.reads.begin(leading.round, s.log.commit);",
      },
      {
        file: reads,
        find: "s.leading !== null && isEstablished(s) && s.leading.reads.hasWaiting",
        replace: "s.leading !== null && s.leading.reads.hasWaiting",
      },
    ],
  },
  {
    id: "R32",
    severity: 2,
    title: "reads are answered without asking a majority",
    killer: "ReadPoints",
    edits: [
      {
        file: reads,
        find: "  leading.reads.add(read);",
        replace: "  if (isEstablished(s)) return answer(s, read, s.log.commit);\n  leading.reads.add(read);",
      },
    ],
  },
  {
    id: "R33",
    severity: 2,
    title: "answers to a heartbeat sent before a read confirm it",
    killer: "ReadPoints",
    edits: [
      {
        file: heartbeats,
        find: "  progress.round = Math.max(progress.round, round);\n",
        replace: "  progress.round = leading.round;\n",
      },
    ],
  },
  {
    id: "R34",
    severity: 2,
    title: "a read is served before its read point is applied",
    killer: "ReadPoints",
    edits: [
      {
        file: readWaiters,
        find: "if (waiter === undefined || waiter.index === null || waiter.index > applied) continue;",
        replace: "if (waiter === undefined || waiter.index === null || applied < 0) continue;",
      },
    ],
  },
  {
    id: "R39",
    severity: 1,
    title: "the completion of a write vouches for entries that replaced the written ones",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: writeMark,
        find: "if (this.#end !== null) this.#end = Math.min(this.#end, index);",
        replace: "",
      },
    ],
  },
  {
    id: "R40",
    severity: 1,
    title: "an exception while an entry is applied is passed over",
    killer: "FailStop",
    edits: [
      {
        file: applier,
        find: "const result = isCommand ? applyCommand(this.#stateMachine, entry, this.#skips) : undefined;",
        replace: `let result: unknown;
    try {
      if (isCommand) result = applyCommand(this.#stateMachine, entry, this.#skips);
    } catch {
      result = undefined;
    }`,
      },
    ],
  },
  {
    id: "R42",
    severity: 3,
    title: "a leader that steps down leaves its proposals without an answer",
    killer: "SettledCalls",
    edits: [{ file: roles, find: "  settleLeaderProposals(s);\n", replace: "" }],
  },
  {
    id: "R43",
    severity: 3,
    title: "a full window of lost messages never opens again",
    killer: "Convergence",
    edits: [
      {
        file: progress,
        find: 'if (this.#state === "replicate" && this.inflights.full) this.inflights.freeFirst();',
        replace: "",
      },
    ],
  },
  {
    id: "R44",
    severity: 3,
    title: "a heartbeat asks for no answer although a read waits for one",
    killer: "PromptRead",
    edits: [
      {
        file: heartbeats,
        find: "if (s.config.leaseReads || reads.size > 0 || transfer !== null) return true;",
        replace: "if (s.config.leaseReads || reads.size < 0 || transfer !== null) return true;",
      },
    ],
  },
  {
    id: "R45",
    severity: 3,
    title: "a follower takes up whatever comes, however far behind its disk is",
    killer: "BoundedWork",
    edits: [
      {
        file: following,
        find: 'if (message.entries.length > 0 && s.isLogFull) return s.probe("raft-append-put-off");',
        replace: "",
      },
    ],
  },
  {
    id: "R46",
    severity: 3,
    title: "what the log holds in memory has no bound",
    killer: "BoundedWork",
    edits: [
      { file: core, find: "s.log.writeDone(s.limits.cacheBytes);", replace: "s.log.writeDone(2 ** 40);" },
      {
        file: state,
        find: "return this.log.heldBytes > this.limits.cacheBytes + this.limits.maxUnstableBytes;",
        replace: "return this.log.heldBytes < 0;",
      },
    ],
  },
];
