import type { Event, Stamped } from "../core/event.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { Entry } from "../core/entry.ts";
import type { Message } from "../core/message.ts";
import type { Recovered } from "../core/options.ts";
import type { AppendTask, SoftState } from "../core/ready.ts";
import type { RefusalReason } from "../core/refusals.ts";
import type { Index, LogId, NodeId, Term } from "../core/types.ts";
import type { RaftObserver } from "./observer.ts";

/** Tells several observers, in order. */
export class Observers implements Required<RaftObserver> {
  readonly #all: readonly RaftObserver[];

  constructor(all: readonly RaftObserver[]) {
    this.#all = all;
  }

  onRecovered(recovered: Recovered): void {
    for (const each of this.#all) each.onRecovered?.(recovered);
  }

  onStep(event: Event, now: Stamped): void {
    for (const each of this.#all) each.onStep?.(event, now);
  }

  onSend(to: NodeId, message: Message): void {
    for (const each of this.#all) each.onSend?.(to, message);
  }

  onAppend(task: AppendTask): void {
    for (const each of this.#all) each.onAppend?.(task);
  }

  onDurable(task: AppendTask): void {
    for (const each of this.#all) each.onDurable?.(task);
  }

  onSoft(soft: SoftState, last: LogId): void {
    for (const each of this.#all) each.onSoft?.(soft, last);
  }

  onRefused(from: NodeId, reason: RefusalReason): void {
    for (const each of this.#all) each.onRefused?.(from, reason);
  }

  onConfiguration(configuration: Configuration): void {
    for (const each of this.#all) each.onConfiguration?.(configuration);
  }

  onLeaseReads(term: Term, count: number): void {
    for (const each of this.#all) each.onLeaseReads?.(term, count);
  }

  onCommit(commit: Index): void {
    for (const each of this.#all) each.onCommit?.(commit);
  }

  onApply(entry: Entry): void {
    for (const each of this.#all) each.onApply?.(entry);
  }

  onRestore(last: LogId): void {
    for (const each of this.#all) each.onRestore?.(last);
  }

  onSnapshot(last: LogId): void {
    for (const each of this.#all) each.onSnapshot?.(last);
  }
}
