import type { Limits, Message } from "@flotilla/raft";
import { defaultLimits, reservedLimits } from "@flotilla/raft/parts";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";

/** Looking more often would cost more than it finds. Virtual ms. */
const pauseMs = 250;
/** More than the proposals of one turn, bytes: a member looks at the bound before it takes up something, not after. */
const mostAtOnceBytes = 8 << 10;

/** What a member keeps in memory for its disk and for its state machine stays within the bounds it was given. */
export class BoundedWork implements OnlineChecker {
  readonly invariant: string = "BoundedWork";
  readonly #report: Report;
  readonly #mostLogBytes: number;
  readonly #mostProposals: number;
  /** The largest of what each member was sent at once, bytes of entries. */
  readonly #largest = new Map<NodeView, number>();
  readonly #nextMs = new Map<NodeView, number>();

  constructor(report: Report, given: Partial<Limits>) {
    const limits = { ...defaultLimits, ...given };
    this.#report = report;
    this.#mostLogBytes = limits.cacheBytes + limits.maxUnstableBytes + mostAtOnceBytes;
    this.#mostProposals = reservedLimits(limits).maxPendingProposals;
  }

  /** Whoever catches up may be sent as much as fits one message. */
  receive(node: NodeView, _from: string, message: Message): void {
    if (message.type !== "append") return;
    const bytes = message.entries.reduce((sum, { frame }) => sum + frame.length, 0);
    if (bytes > (this.#largest.get(node) ?? 0)) this.#largest.set(node, bytes);
  }

  moment(node: NodeView, nowMs: number): void {
    if (nowMs < (this.#nextMs.get(node) ?? 0)) return;
    this.#nextMs.set(node, nowMs + pauseMs);
    const bytes = node.logBytes();
    const due = this.#mostLogBytes + (this.#largest.get(node) ?? 0);
    if (bytes > due)
      this.#report(`${node.id} holds ${bytes} bytes of its log in memory, at most ${due} are due`);
    const waiting = node.waitingProposals();
    if (waiting > this.#mostProposals)
      this.#report(
        `${node.id} has ${waiting} proposals without an outcome, at most ${this.#mostProposals} are due`,
      );
  }
}
