import type { RaftObserver } from "@flotilla/raft";
import type { SimDisk } from "@flotilla/runtime/sim";
import type { Findings } from "../world/findings.ts";
import type { OnlineChecker, Report } from "./checker.ts";
import { DeterministicApply } from "./deterministic-apply.ts";
import { HonestPeers } from "./honest-peers.ts";
import { DurableBeforeAck } from "./durable-before-ack.ts";
import { ElectionSafety } from "./election-safety.ts";
import { LeaderCompleteness } from "./leader-completeness.ts";
import { LogMatching } from "./log-matching.ts";
import { NodeView } from "./node-view.ts";
import { NoRegression } from "./no-regression.ts";
import { QuorumReal } from "./quorum-real.ts";
import { StateMachineSafety } from "./state-machine-safety.ts";

/** How often rare things happened. */
export interface MonitorCounts {
  leaderTerms: number;
  snapshotsTaken: number;
  snapshotsInstalled: number;
  restarts: number;
}

/** Watches every member from outside and has each step judged by every checker. */
export class Monitor {
  readonly counts: MonitorCounts = { leaderTerms: 0, snapshotsTaken: 0, snapshotsInstalled: 0, restarts: 0 };
  readonly #views = new Map<string, NodeView>();
  readonly #checkers: readonly OnlineChecker[];

  constructor(findings: Findings) {
    const report =
      (invariant: string): Report =>
      (message) =>
        findings.now(invariant, message);
    this.#checkers = [
      new ElectionSafety(report("ElectionSafety")),
      new LogMatching(report("LogMatching")),
      new LeaderCompleteness(report("LeaderCompleteness")),
      new StateMachineSafety(report("StateMachineSafety")),
      new DurableBeforeAck(report("DurableBeforeAck")),
      new QuorumReal(report("QuorumReal"), () => [...this.#views.values()]),
      new NoRegression(report("NoRegression")),
      new DeterministicApply(report("DeterministicApply")),
      new HonestPeers(report("HonestPeers")),
    ];
  }

  /** Takes a member under watch. */
  add(id: string, disk: SimDisk): NodeView {
    const view = new NodeView(id, disk);
    this.#views.set(id, view);
    return view;
  }

  view(id: string): NodeView | undefined {
    return this.#views.get(id);
  }

  /** The state of a member after it applied an entry. */
  digest(node: NodeView, index: number, digest: string): void {
    for (const checker of this.#checkers) checker.digest?.(node, index, digest);
  }

  /** What to hang on one process of a member. */
  observer(node: NodeView): RaftObserver {
    const all = this.#checkers;
    return {
      onRecovered: (recovered) => {
        if (node.life > 0) this.counts.restarts += 1;
        for (const checker of all) checker.recovered?.(node, recovered);
        node.recover(recovered);
        if (!node.replaced) node.tampered = false;
      },
      onSend: (to, message) => {
        for (const checker of all) checker.send?.(node, to, message);
      },
      onAppend: (task) => {
        for (const checker of all) checker.append?.(node, task);
        node.take(task);
      },
      onSoft: (soft, last) => {
        for (const checker of all) checker.soft?.(node, soft, last);
        if (soft.role === "leader" && (node.soft.role !== "leader" || node.soft.term !== soft.term))
          this.counts.leaderTerms += 1;
        node.soft = soft;
      },
      onCommit: (commit) => {
        for (const checker of all) checker.commit?.(node, commit);
        node.commit = commit;
      },
      onRefused: (from, reason) => {
        for (const checker of all) checker.refused?.(node, from, reason);
      },
      onApply: (entry) => {
        for (const checker of all) checker.apply?.(node, entry);
        node.applied = entry.index;
      },
      onRestore: (last) => {
        // Before that, it is the snapshot it already had.
        if (!node.isOpen) return;
        for (const checker of all) checker.restore?.(node, last);
        node.applied = last.index;
        this.counts.snapshotsInstalled += 1;
      },
      onSnapshot: () => {
        this.counts.snapshotsTaken += 1;
      },
    };
  }
}
