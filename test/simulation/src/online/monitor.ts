import type { Index, Message, RaftObserver } from "@flotilla/raft";
import type { SimDisk } from "@flotilla/runtime/sim";
import type { WorldConfig } from "../plan/plan.ts";
import type { Moment, Moments } from "../world/moments.ts";
import type { Findings } from "../world/findings.ts";
import { BoundedWork } from "./bounded-work.ts";
import type { OnlineChecker, Report } from "./checker.ts";
import { ConfigurationSafety } from "./configuration-safety.ts";
import { DeterministicApply } from "./deterministic-apply.ts";
import { HonestPeers } from "./honest-peers.ts";
import { DurableBeforeAck } from "./durable-before-ack.ts";
import { ElectionSafety } from "./election-safety.ts";
import { ElectionSpread } from "./election-spread.ts";
import { FailStop } from "./fail-stop.ts";
import { LeaderCompleteness } from "./leader-completeness.ts";
import { LeaderContact } from "./leader-contact.ts";
import { LeaderDisk } from "./leader-disk.ts";
import { LeaseDiscipline } from "./lease-discipline.ts";
import { LogMatching } from "./log-matching.ts";
import { NodeView } from "./node-view.ts";
import { NoRegression } from "./no-regression.ts";
import { PastData } from "./past-data.ts";
import { PreVoteFirst } from "./pre-vote-first.ts";
import { PromptElection } from "./prompt-election.ts";
import { QuorumReal } from "./quorum-real.ts";
import { ReadPoints } from "./read-points.ts";
import { SettledCalls } from "./settled-calls.ts";
import { StateMachineSafety } from "./state-machine-safety.ts";
import { TermRules } from "./term-rules.ts";

/** How often rare things happened. */
export interface MonitorCounts {
  leaderTerms: number;
  leaseReads: number;
  snapshotsTaken: number;
  snapshotsInstalled: number;
  restarts: number;
}

/** What a monitor has to know of the world. */
export interface Watched {
  readonly nowMs: () => number;
  readonly config: Pick<WorldConfig, "electionTimeoutMs" | "heartbeatMs" | "limits">;
  /** The entry whose apply throws, once there is one. */
  readonly poison: () => Index | null;
  readonly moments: Moments;
  /** Called every few milliseconds. */
  readonly onMoment: () => void;
}

const momentMs = 25;
const writeMoments = { begin: "write/begin", durable: "write/durable" } as const;

/** What checkers are asked so often that only those are asked that listen. */
type Frequent = "append" | "apply" | "commit" | "moment" | "receive" | "send" | "step";
type Listening = Readonly<Record<Frequent, readonly OnlineChecker[]>>;

function listening(all: readonly OnlineChecker[]): Listening {
  const to = (what: Frequent): OnlineChecker[] => all.filter((checker) => checker[what] !== undefined);
  return {
    append: to("append"),
    apply: to("apply"),
    commit: to("commit"),
    moment: to("moment"),
    receive: to("receive"),
    send: to("send"),
    step: to("step"),
  };
}

/** Watches every member from outside and has each step judged by every checker. */
export class Monitor {
  readonly counts: MonitorCounts = {
    leaderTerms: 0,
    leaseReads: 0,
    snapshotsTaken: 0,
    snapshotsInstalled: 0,
    restarts: 0,
  };
  readonly #views = new Map<string, NodeView>();
  /** What disks held that lost some of it, or all. */
  readonly #past: PastData[] = [];
  readonly #checkers: readonly OnlineChecker[];
  readonly #listening: Listening;

  readonly reads: ReadPoints;
  readonly #nowMs: () => number;
  readonly #moments: Moments;
  readonly #onMoment: () => void;
  #nextMomentMs = 0;

  constructor(findings: Findings, { nowMs, config, poison, moments, onMoment }: Watched) {
    this.#nowMs = nowMs;
    this.#moments = moments;
    this.#onMoment = onMoment;
    const { electionTimeoutMs, heartbeatMs } = config;
    const pace = { electionTimeoutMs, heartbeatMs, nowMs };
    const report =
      (invariant: string): Report =>
      (message) =>
        findings.now(invariant, message);
    this.reads = new ReadPoints(report("ReadPoints"));
    this.#checkers = [
      this.reads,
      new ElectionSafety(report("ElectionSafety")),
      new LogMatching(report("LogMatching")),
      new LeaderCompleteness(report("LeaderCompleteness")),
      new StateMachineSafety(report("StateMachineSafety")),
      new DurableBeforeAck(report("DurableBeforeAck")),
      new QuorumReal(report("QuorumReal"), () => [...this.#views.values(), ...this.#past]),
      new NoRegression(report("NoRegression")),
      new LeaseDiscipline(report("LeaseDiscipline")),
      new DeterministicApply(report("DeterministicApply")),
      new HonestPeers(report("HonestPeers")),
      new FailStop(report("FailStop"), poison),
      new TermRules(report("TermRules"), nowMs),
      new PreVoteFirst(report("PreVoteFirst")),
      new PromptElection(report("PromptElection"), pace),
      new ElectionSpread(report("ElectionSpread"), pace),
      new LeaderContact(report("LeaderContact"), pace),
      new LeaderDisk(report("LeaderDisk"), pace),
      new ConfigurationSafety(report("ConfigurationSafety")),
      new SettledCalls(report("SettledCalls"), nowMs),
      new BoundedWork(report("BoundedWork"), config.limits),
    ];
    this.#listening = listening(this.#checkers);
  }

  /** Takes a member under watch. */
  add(id: string, disk: SimDisk): NodeView {
    const view = this.#see(id, disk);
    disk.onWrite((stage) => {
      this.#moments.hit("write", id);
      this.#moments.hit(writeMoments[stage], id);
    });
    return view;
  }

  /** A probe of the code was passed at a machine. */
  probed(probe: string, id: string): void {
    this.#moments.hit(probe, id);
    const view = this.#views.get(id);
    if (view === undefined) return;
    if (probe === "raft.snapshot-chunk") view.isInstalling = true;
    else if (probe === "raft.snapshot-not-news") view.isInstalling = false;
  }

  view(id: string): NodeView | undefined {
    return this.#views.get(id);
  }

  /** The data of a member is about to be wiped: from here on its name is another one's. */
  renew(id: string, disk: SimDisk): NodeView {
    const old = this.#views.get(id);
    if (old !== undefined) this.loses(old);
    old?.retire();
    return this.#see(id, disk);
  }

  /** Some of what a member holds is about to be lost. */
  loses(node: NodeView): void {
    this.#past.push(new PastData(node));
  }

  #see(id: string, disk: SimDisk): NodeView {
    const view = new NodeView(id, disk, this.#nowMs);
    this.#views.set(id, view);
    return view;
  }

  /** A member stopped as one that is none any more. */
  removed(node: NodeView): void {
    for (const checker of this.#checkers) checker.removed?.(node);
  }

  /** The state of a member after it applied an entry. */
  digest(node: NodeView, index: number, digest: string): void {
    for (const checker of this.#checkers) checker.digest?.(node, index, digest);
  }

  /** Time went on; `isAwake` tells whose process may run. */
  passed(isAwake: (id: string) => boolean): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextMomentMs) return;
    this.#nextMomentMs = nowMs + momentMs;
    this.#onMoment();
    for (const view of this.#views.values()) {
      if (!view.isOpen || !isAwake(view.id)) view.awakeSinceMs = nowMs;
      if (!view.isOpen || view.replaced) continue;
      for (const checker of this.#listening.moment) checker.moment?.(view, nowMs);
    }
  }

  /** What to hang on one process of a member. */
  observer(node: NodeView): RaftObserver {
    const all = this.#checkers;
    const { append, apply, commit: commits, receive, send, step } = this.#listening;
    return {
      onRecovered: (recovered) => {
        if (node.life > 0) this.counts.restarts += 1;
        for (const checker of all) checker.recovered?.(node, recovered);
        node.recover(recovered);
        if (!node.replaced) node.tampered = false;
      },
      onSend: (to, message) => {
        for (const checker of send) checker.send?.(node, to, message);
        const moment = momentOf(message);
        if (moment !== null) this.#moments.hit(moment, node.id);
      },
      onStep: (event) => {
        // That one comes at the end of a turn.
        if (event.type !== "apply-done") {
          for (const checker of step) checker.step?.(node);
          if (node.inForce.length > 1) node.inForce = [node.configuration];
        }
        if (event.type !== "receive") return;
        for (const checker of receive) checker.receive?.(node, event.from, event.message, event.incarnation);
      },
      onAppend: (task) => {
        for (const checker of append) checker.append?.(node, task);
        node.take(task);
      },
      onSoft: (soft, last) => {
        for (const checker of all) checker.soft?.(node, soft, last);
        const { role, established } = node.soft;
        if (soft.role === "leader" && (role !== "leader" || node.soft.term !== soft.term))
          this.counts.leaderTerms += 1;
        if (soft.role !== role) this.#moments.hit(soft.role, node.id);
        if (soft.established && !established) this.#moments.hit("established", node.id);
        node.soft = soft;
      },
      onConfiguration: (configuration) => {
        node.inForce = [...node.inForce, configuration];
      },
      onLeaseReads: (term, count) => {
        this.counts.leaseReads += count;
        for (const checker of all) checker.leaseReads?.(node, term);
      },
      onCommit: (commit) => {
        for (const checker of commits) checker.commit?.(node, commit);
        node.commit = commit;
      },
      onRefused: (from, reason) => {
        for (const checker of all) checker.refused?.(node, from, reason);
      },
      onApply: (entry) => {
        for (const checker of apply) checker.apply?.(node, entry);
        node.applied = entry.index;
      },
      onRestore: (last) => {
        // Before that, it is the snapshot it already had.
        if (!node.isOpen) return;
        for (const checker of all) checker.restore?.(node, last);
        node.applied = last.index;
        node.isInstalling = false;
        this.counts.snapshotsInstalled += 1;
        this.#moments.hit("snapshot/installed", node.id);
      },
      onSnapshot: () => {
        this.counts.snapshotsTaken += 1;
        this.#moments.hit("snapshot/taken", node.id);
      },
    };
  }
}

/** What a message that leaves is a moment of. */
function momentOf(message: Message): Moment | null {
  if (message.type === "vote") return "vote/asked";
  if (message.type === "vote-reply") return message.granted ? "vote/granted" : null;
  if (message.type === "timeout-now") return "handover";
  return message.type === "snapshot-offer" ? "snapshot/sent" : null;
}
