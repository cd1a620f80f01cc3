import type { Configuration } from "../core/config/configuration.ts";
import type { Entry } from "../core/entry.ts";
import type { Event, Stamped } from "../core/event.ts";
import type { Message } from "../core/message.ts";
import type { Recovered } from "../core/options.ts";
import type { AppendTask, SoftState } from "../core/ready.ts";
import type { RefusalReason } from "../core/refusals.ts";
import type { Index, LogId, NodeId, Term } from "../core/types.ts";

/**
 * Hears what a node does, for checkers and traces. Called synchronously; must not call back into the node.
 * A throw stops the node.
 */
export interface RaftObserver {
  /** The node opened its data and found this. */
  readonly onRecovered?: (recovered: Recovered) => void;
  /** `event` enters the core at the moment `now`: all that it ever hears, in order. */
  readonly onStep?: (event: Event, now: Stamped) => void;
  /** `message` is about to leave, or to be dropped because no link stands. */
  readonly onSend?: (to: NodeId, message: Message) => void;
  /** An append task is handed to the disk. */
  readonly onAppend?: (task: AppendTask) => void;
  /** An append task is durable; the core is told later. */
  readonly onDurable?: (task: AppendTask) => void;
  /** Role, term, leader or establishment changed; `last` is the end of the log then, durable or not. */
  readonly onSoft?: (soft: SoftState, last: LogId) => void;
  /** A peer said what no honest member can say: nothing of it was taken up, and its links close. */
  readonly onRefused?: (from: NodeId, reason: RefusalReason) => void;
  /** Another configuration is in force, committed or not. */
  readonly onConfiguration?: (configuration: Configuration) => void;
  /** So many reads, local ones and peers', are answered in this turn because a lease of `term` says that nobody else leads. */
  readonly onLeaseReads?: (term: Term, count: number) => void;
  /** The commit index grew. */
  readonly onCommit?: (commit: Index) => void;
  /** The state machine applied (or, when it is no command, passed over) `entry`. */
  readonly onApply?: (entry: Entry) => void;
  /** The state machine was replaced by a snapshot that ends with `last`. */
  readonly onRestore?: (last: LogId) => void;
  /** A snapshot of this node's state that ends with `last` is durable. */
  readonly onSnapshot?: (last: LogId) => void;
}
