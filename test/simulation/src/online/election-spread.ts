import type { LogId, Message, Recovered, SoftState } from "@flotilla/raft";
import type { OnlineChecker, Report } from "./checker.ts";
import type { NodeView } from "./node-view.ts";
import { isLeaders } from "./pace.ts";
import type { Pace } from "./pace.ts";

/** So unlikely must it be that waits are equal by chance. */
const unlikely = 1e-9;

/** The waits for a leader differ, so that members seldom ask for votes at the same time. Paper §5.2. */
export class ElectionSpread implements OnlineChecker {
  readonly invariant: string = "ElectionSpread";
  readonly #report: Report;
  readonly #pace: Pace;
  readonly #triedMs = new Map<NodeView, number>();
  #count = 0;
  #leastMs = Number.POSITIVE_INFINITY;
  #mostMs = 0;

  constructor(report: Report, pace: Pace) {
    this.#report = report;
    this.#pace = pace;
  }

  recovered(node: NodeView, _recovered: Recovered): void {
    this.#triedMs.delete(node);
  }

  soft(node: NodeView, { role }: SoftState, _last: LogId): void {
    if (role !== "precandidate") this.#triedMs.delete(node);
  }

  receive(node: NodeView, _from: string, message: Message): void {
    if (isLeaders(message)) this.#triedMs.delete(node);
  }

  send(node: NodeView, _to: string, message: Message): void {
    if (message.type === "vote-reply" && message.granted) this.#triedMs.delete(node);
    if (message.type !== "pre-vote" || node.soft.role !== "precandidate") return;
    const nowMs = this.#pace.nowMs();
    const triedMs = this.#triedMs.get(node);
    if (triedMs === nowMs) return;
    this.#triedMs.set(node, nowMs);
    // What a process slept through says nothing.
    if (triedMs !== undefined && node.awakeSinceMs <= triedMs) this.#took(nowMs - triedMs);
  }

  #took(waitMs: number): void {
    const { electionTimeoutMs, heartbeatMs } = this.#pace;
    this.#count += 1;
    this.#leastMs = Math.min(this.#leastMs, waitMs);
    this.#mostMs = Math.max(this.#mostMs, waitMs);
    const waits = Math.round(electionTimeoutMs / heartbeatMs);
    if (this.#mostMs - this.#leastMs > heartbeatMs / 2 || waits ** (1 - this.#count) > unlikely) return;
    this.#report(
      `${this.#count} waits for a leader took ${this.#leastMs} to ${this.#mostMs} ms, all the same`,
    );
  }
}
