import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** A rule, and where it is tried: a file with what its title has in it, or a scenario. */
type Rule = readonly [rule: string, file: string, title: string];

const paper = "core/paper.test.ts";
const leaders = "core/paper-leaders.test.ts";
const elections = "core/elections.test.ts";
const replication = "core/replication.test.ts";
const membership = "core/membership.test.ts";
const learners = "core/learners.test.ts";
const snapshots = "core/snapshots.test.ts";
const reads = "core/reads.test.ts";
const transfer = "core/transfer.test.ts";
const scenario = "scenarios/cases/";

/** The paper ("In Search of an Understandable Consensus Algorithm", extended version). */
const rulesOfThePaper: readonly Rule[] = [
  ["5.1 a later term makes anybody a follower of it", paper, "a message of a later term makes any role"],
  ["5.1 a request of an earlier term is refused", paper, "a request of an earlier term is refused"],
  [
    "5.1 an answer of an earlier term counts for nothing",
    replication,
    "an acknowledgement of an earlier term",
  ],
  ["5.1 terms are stored and never go back", elections, "leave only once term and vote are durable"],
  ["5.2 who hears the leader stays a follower", paper, "a follower that hears its leader stays one"],
  ["5.2 who hears nobody campaigns", leaders, "a candidate enters the next term"],
  ["5.2 a majority elects", leaders, "leads once %i others voted for it"],
  ["5.2 one vote a term, first come first served", paper, "a voter votes once a term"],
  ["5.2 the vote is stored", paper, "a vote is remembered across a restart"],
  ["5.2 a leader makes itself known at once and goes on", leaders, "a leader speaks to everybody"],
  ["5.2 a candidate follows the leader of its term", paper, "a candidate follows whoever won its term"],
  ["5.2 and none of an earlier one", leaders, "when a leader of an earlier term speaks"],
  ["5.2 a split vote is tried again in a new term", leaders, "a candidate that wins nothing begins anew"],
  ["5.2 waits are drawn anew from one to two timeouts", paper, "waits one to two election timeouts"],
  ["5.2 a split vote ends", `${scenario}split-vote.txt`, ""],
  ["5.2 ElectionSafety", "core/random-schedule.test.ts", "stays safe under any schedule"],
  ["5.3 entries go to all in parallel", replication, "a proposal is applied everywhere, in order"],
  [
    "5.3 what a majority holds is committed, with all before",
    replication,
    "is committed without the leader's own disk",
  ],
  [
    "5.3 followers learn of it with what comes next",
    "core/commit-word.test.ts",
    "word of a commit travels with the next entries",
  ],
  ["5.3 commit is never beyond what was verified", paper, "a follower commits no further"],
  ["5.3 the entry before must agree", paper, "an append is refused unless the entry before it"],
  ["5.3 what conflicts goes, and what follows it", paper, "a conflicting entry goes with all that follow it"],
  ["5.3 what does not conflict stays", paper, "a late, shorter append cuts nothing off"],
  ["5.3 the leader finds where they agree", leaders, "the leader goes back in a follower's log"],
  ["5.3 figure 7", replication, "figure 7"],
  ["5.3 terms are skipped as a whole", replication, "skipped term by term"],
  ["5.3 LeaderAppendOnly", leaders, "a leader drops and overwrites nothing"],
  ["5.4.1 only an up-to-date log gets the vote", paper, "§5.4.1 a log that ends with"],
  ["5.4.2 only entries of the own term are counted", paper, "only by one of this term on top of it"],
  ["5.4.2 figure 8", `${scenario}figure-8.txt`, ""],
  ["5.4.2 figure 8, committed", `${scenario}figure-8-committed.txt`, ""],
  [
    "5.4.3 LeaderCompleteness, StateMachineSafety",
    "core/random-schedule.test.ts",
    "stays safe under any schedule",
  ],
  ["5.5 requests may come again", leaders, "a request that comes again"],
  ["5.5 and are sent until they are answered", leaders, "to a follower that does not answer"],
  ["5.6 timeouts have to suit one another", "node/settings.test.ts", "electionTimeoutMs"],
  [
    "6 new servers first receive the log alone",
    learners,
    "receives the log from the beginning and counts for nothing",
  ],
  ["6 both halves decide while joint", membership, "a majority of each is needed to commit and to lead"],
  ["6 in force as soon as it is in the log", membership, "is in force at each member as soon as"],
  [
    "6 a leader that is out of it goes, and does not count itself",
    membership,
    "commits its removal without its own vote",
  ],
  ["6 who was removed disturbs nobody", membership, "disturbs nobody when it comes back"],
  [
    "7 a snapshot says its last entry and the membership there",
    snapshots,
    "learns the configuration from it",
  ],
  ["7 who lacks what is gone gets it", snapshots, "gets a snapshot, then the log"],
  [
    "7 it replaces a log that does not contain it",
    "core/raft-log.test.ts",
    "a snapshot replaces a log that does not contain it",
  ],
  ["7 and keeps what goes on from it", leaders, "keeps the entries behind it"],
  [
    "8 followers send callers to the leader",
    "core/proposals.test.ts",
    "hands proposals over in one ordered stream",
  ],
  ["8 a leader begins with an entry of its own", paper, "a leader begins its term with an entry of its own"],
  ["8 and asks a majority before it reads", paper, "a read point needs a heartbeat round"],
];

/** Ongaro's dissertation, the parts taken. */
const rulesOfTheDissertation: readonly Rule[] = [
  [
    "3.8 what is promised is stored first",
    "core/outbox.test.ts",
    "a promise leaves once term, vote and log are durable",
  ],
  [
    "3.10 nothing new is taken and the target is served first",
    transfer,
    "a target that lags is served first",
  ],
  ["3.10 the target asks for votes at once", transfer, "the target leads after one round"],
  ["3.10 which need not forget their leader first", transfer, "the others need not forget their leader"],
  ["3.10 it is given up after an election timeout", transfer, "after an election timeout it is given up"],
  ["3.10 the vote needs the log all the same", transfer, "needs an up-to-date log like any other"],
  ["4.1 one change at a time", membership, "a change while another is uncommitted is refused"],
  ["4.1 2015: none before the first commit of the term", membership, "(2015)"],
  ["4.1 undone with its entry", membership, "a configuration is undone with its entry"],
  ["4.2.1 no promotion before the log is there", learners, "that lacks the log is not promoted"],
  ["4.2.1 in rounds of at most an election timeout", learners, "slower than an election timeout a round"],
  ["4.2.2 the leader that is removed", membership, "§4.2.2: a leader that is removed"],
  ["4.2.2 who is not in its configuration yet votes", learners, "votes when it is asked"],
  [
    "4.2.2 who is not in its configuration may campaign while it may be undone",
    membership,
    "still campaigns",
  ],
  [
    "4.2.3 nobody helps to replace a leader that it hears",
    elections,
    "a vote is not given away while the leader is heard",
  ],
  ["4.3 joint, and left by itself", membership, "is left by itself, once"],
  ["4.3 whoever leads leaves it", membership, "a new leader leaves the joint configuration"],
  ["5.1 each takes its own snapshots", snapshots, "lets go of the log behind it"],
  [
    "6.2 a leader that hears no majority goes",
    elections,
    "hears no majority for an election timeout steps down",
  ],
  [
    "6.3 what is repeated is appended once",
    "core/proposals.test.ts",
    "that the network repeats is appended once",
  ],
  [
    "6.4 a read waits for the first commit of the term",
    reads,
    "a read before the first commit of the term waits",
  ],
  ["6.4 for a round that began after it", paper, "a read point needs a heartbeat round"],
  ["6.4 shared by all that wait", reads, "share the next one"],
  ["6.4 followers ask the leader for the point", reads, "reads on leader and followers"],
  ["6.4 a deposed leader confirms nothing", reads, "a deposed leader confirms no read"],
  [
    "6.4.1 a lease counts from when its round was sent",
    "core/leases.test.ts",
    "counts from when its round was sent",
  ],
  ["6.4.1 and is given up before a hand-over", `${scenario}lease-transfer.txt`, ""],
  ["6.4.1 and is forgotten by no restart", `${scenario}lease-voter-restarts.txt`, ""],
  ["9.6 asking changes no term", paper, "asking for pre-votes changes no term"],
  ["9.6 refused to an older log and while a leader is heard", paper, "a pre-vote is refused to an older log"],
  ["9.6 who comes back disturbs nobody", elections, "a node that was cut off does not disturb"],
  ["10.2.1 the leader writes while it sends", replication, "before they are durable on the leader"],
  ["10.2.2 batches", replication, "entries travel in bounded batches"],
  [
    "10.2.2 pipelining, and going back when it fails",
    "core/tracker.test.ts",
    "a refusal in the stream goes back",
  ],
];

test.each([...rulesOfThePaper, ...rulesOfTheDissertation])("§%s", (_, file, title) => {
  const place = join(import.meta.dirname, file);
  expect(existsSync(place), file).toBe(true);
  expect(readFileSync(place, "utf8")).toContain(title);
});
