import type { Mutant } from "../mutant.ts";
import {
  configuration,
  coreMembership,
  election,
  following,
  leaderLog,
  quorum,
  receive,
  state,
  tally,
} from "./files.ts";

/** Who is a member. */
export const membership: readonly Mutant[] = [
  {
    id: "M01",
    severity: 1,
    title: "a configuration is in force once it is committed, not once it is in the log",
    killer: "ConfigurationSafety",
    edits: [
      {
        file: state,
        find: "return this.configs.current;",
        replace: "return this.configs.at(this.log.commit);",
      },
    ],
  },
  {
    id: "M02",
    severity: 1,
    title: "a second membership change is accepted while the first is uncommitted",
    killer: "ConfigurationSafety",
    edits: [
      {
        file: coreMembership,
        find: "const isThrough = s.config.index <= s.log.commit && !isJoint(s.config);",
        replace: "const isThrough = !isJoint(s.config);",
      },
    ],
  },
  {
    id: "M03",
    severity: 1,
    title: "members change before an entry of the term is committed",
    killer: "ConfigurationSafety",
    edits: [
      {
        file: coreMembership,
        find: 'if (!isEstablished(s)) return pending("nothing is committed in this term yet");',
        replace: 'if (s.log.last.index === 0) return pending("nothing is committed in this term yet");',
      },
    ],
  },
  {
    id: "M04",
    severity: 1,
    title: "a configuration stays in force after its entry was cut off",
    killer: "ConfigurationSafety",
    edits: [
      {
        file: following,
        find: "s.configs.truncateFrom(from);",
        replace: "if (s.config.index < from) s.configs.truncateFrom(from);",
      },
    ],
  },
  {
    id: "M05",
    severity: 1,
    title: "a leader that is removed still counts its own log",
    killer: "QuorumReal",
    edits: [
      {
        file: leaderLog,
        find: "const index = reachedByQuorum(s.config, (id) =>",
        replace:
          'const own = { id: s.id, address: "", incarnation: "" };\n  const counted = s.isVoter ? s.config : { ...s.config, voters: [...s.config.voters, own] };\n  const index = reachedByQuorum(counted, (id) =>',
      },
    ],
  },
  {
    id: "M06",
    severity: 1,
    title: "a joint configuration needs a majority of all its voters together",
    killer: "QuorumReal",
    edits: [
      {
        file: quorum,
        find: "return outgoing.length === 0 ? reached : Math.min(reached, reachedIn(outgoing, reachedBy));",
        replace:
          "const all = new Map([...voters, ...outgoing].map((voter) => [voter.id, voter]));\n  return outgoing.length === 0 ? reached : reachedIn([...all.values()], reachedBy);",
      },
    ],
  },
  {
    id: "M07",
    severity: 1,
    title: "a wiped member comes back as the voter it was",
    killer: "StateMachineSafety",
    edits: [
      {
        file: configuration,
        find: "return member !== undefined && (isFounding(configuration) || member.incarnation === incarnation);",
        replace: 'return member !== undefined && incarnation !== "";',
      },
      {
        file: state,
        find: "return progress?.incarnation === incarnation ? progress : undefined;",
        replace: 'return incarnation === "" ? undefined : progress;',
      },
      {
        file: tally,
        find: "return this.incarnationOf(id) === incarnation;",
        replace: 'return this.incarnationOf(id) !== undefined && incarnation !== "none";',
      },
    ],
  },
  {
    id: "M08",
    severity: 3,
    title: "a learner's log counts as a voter's",
    killer: "QuorumReal",
    edits: [
      {
        file: leaderLog,
        find: "const index = reachedByQuorum(s.config, (id) =>",
        replace:
          "const counted = { ...s.config, voters: [...s.config.voters, ...s.config.learners] };\n  const index = reachedByQuorum(counted, (id) =>",
      },
    ],
  },
  {
    id: "R10",
    severity: 1,
    title: "votes count whoever gives them",
    killer: "ElectionSafety",
    edits: [
      {
        file: state,
        find: "const voters = new Set([...config.voters, ...config.outgoing].map((voter) => voter.id));",
        replace:
          "const voters = new Set([...config.voters, ...config.outgoing, ...config.learners].map((voter) => voter.id));",
      },
      {
        file: tally,
        find: "return isQuorum(configuration, (voter) => this.#grantedBy(voter));",
        replace:
          "const granted = [...this.#answers.values()].filter((answer) => answer.granted).length;\n    return granted * 2 > voters.length || isQuorum(configuration, (voter) => this.#grantedBy(voter));",
      },
    ],
  },
  {
    id: "R17",
    severity: 3,
    title: "a removed member keeps campaigning, and its term is adopted",
    killer: "Convergence",
    edits: [
      { file: election, find: 's.role !== "leader" && mayBeNeeded(s)', replace: 's.role !== "leader"' },
      {
        file: receive,
        find: 'if (message.type === "vote" && !message.transfer && isLoyal(s, from)) {',
        replace: 'if (message.type === "vote" && message.term === 0 && isLoyal(s, from)) {',
      },
    ],
  },
];
