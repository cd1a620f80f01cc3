import type { Limits } from "@flotilla/raft";
import { defaultLimits } from "@flotilla/raft/parts";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Looking more often would cost more than it finds. Virtual ms. */
const pauseMs = 250;
/** More than a member of a world takes up in one turn, bytes: it looks at the bound before, not after. */
const mostAtOnceBytes = 8 << 10;

/** What a member keeps in memory for its disk and for its state machine stays within the bounds it was given. */
export class BoundedWork implements OnlineChecker {
  readonly invariant: string = "BoundedWork";
  readonly #report: Report;
  readonly #mostLogBytes: number;
  readonly #mostProposals: number;
  readonly #nextMs = new Map<NodeView, number>();

  constructor(report: Report, given: Partial<Limits>) {
    const limits = { ...defaultLimits, ...given };
    this.#report = report;
    this.#mostLogBytes = limits.cacheBytes + limits.maxUnstableBytes + mostAtOnceBytes;
    this.#mostProposals = limits.maxPendingProposals;
  }

  moment(node: NodeView, nowMs: number): void {
    if (nowMs < (this.#nextMs.get(node) ?? 0)) return;
    this.#nextMs.set(node, nowMs + pauseMs);
    const bytes = node.logBytes();
    if (bytes > this.#mostLogBytes)
      this.#report(
        `${node.id} holds ${bytes} bytes of its log in memory, at most ${this.#mostLogBytes} are due`,
      );
    const waiting = node.waitingProposals();
    if (waiting > this.#mostProposals)
      this.#report(
        `${node.id} has ${waiting} proposals without an outcome, at most ${this.#mostProposals} are due`,
      );
  }
}
