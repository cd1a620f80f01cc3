import type { AppendTask, Entry, Index, LogId, Message, Recovered, SoftState } from "@flotilla/raft";
import type { NodeView } from "./node-view.ts";

/** Tells of a broken promise. */
export type Report = (message: string) => void;

/**
 * Judges a cluster while it runs. Every method is called before the view takes the news in, but for
 * `recovered`, whose view is still that of the process before.
 */
export interface OnlineChecker {
  /** As in the design. */
  readonly invariant: string;
  recovered?(node: NodeView, recovered: Recovered): void;
  soft?(node: NodeView, soft: SoftState, last: LogId): void;
  append?(node: NodeView, task: AppendTask): void;
  send?(node: NodeView, to: string, message: Message): void;
  /** `incarnation`: of the data that speaks for `from`. */
  receive?(node: NodeView, from: string, message: Message, incarnation: string): void;
  /** Something is about to happen in a new turn: everything of the one before was told. */
  step?(node: NodeView): void;
  /** It stopped as one that is no member any more. */
  removed?(node: NodeView): void;
  commit?(node: NodeView, commit: Index): void;
  /** `node` refused a message of `from` as one that no honest member can send. */
  refused?(node: NodeView, from: string, reason: string): void;
  apply?(node: NodeView, entry: Entry): void;
  restore?(node: NodeView, last: LogId): void;
  /** Reads are answered from a lease of that term. */
  leaseReads?(node: NodeView, term: number): void;
  /** The state machine holds everything up to `index` and has this digest. */
  digest?(node: NodeView, index: Index, digest: string): void;
  /** A moment passed. */
  moment?(node: NodeView, nowMs: number): void;
}
