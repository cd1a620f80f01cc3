export type { MemberChange } from "./core/config/apply-changes.ts";
export { isJoint, membersOf } from "./core/config/configuration.ts";
export type { Configuration, Learner, Member, MemberRole, Membership } from "./core/config/configuration.ts";
export type { Entry, EntryKind } from "./core/entry.ts";
export type { Event, Stamped } from "./core/event.ts";
export type { Message } from "./core/message.ts";
export type { Limits, Recovered } from "./core/options.ts";
export type { AppendTask, SoftState } from "./core/ready.ts";
export type { HardState, Index, LogId, NodeId, Role, Term } from "./core/types.ts";
export type { Buckets } from "./node/distribution.ts";
export type { Metric, MetricSample } from "./node/metrics.ts";
export type { Plain } from "./node/plain.ts";
export type { TracedEntry, TraceRecord, TraceStep } from "./node/trace.ts";
export type { RaftObserver } from "./node/observer.ts";
export { RaftNode } from "./node/raft-node.ts";
export type { Command, Restoring, Snapshot, StateMachine } from "./node/state-machine.ts";
export { restoreAtOnce } from "./node/restore-at-once.ts";
export { peerProtocols } from "./node/types.ts";
export type {
  ChangeOptions,
  Founder,
  PeerStatus,
  Proposed,
  ProposeOptions,
  RaftOptions,
  RaftStatus,
  ReadOptions,
  StopReason,
} from "./node/types.ts";
export { peerMaxFrameBytes } from "./transport/message-codec.ts";
export { forceNewCluster } from "./offline/force-new-cluster.ts";
export type { ForcedCluster, ForceOptions } from "./offline/force-new-cluster.ts";
export { foundRestored } from "./offline/found-restored.ts";
export type { RestoredCluster, RestoredOptions } from "./offline/found-restored.ts";
export { inspectData } from "./offline/inspect.ts";
export type { DataReport } from "./offline/inspect.ts";
export { makeJoiner } from "./offline/make-joiner.ts";
export type { JoinerOptions } from "./offline/make-joiner.ts";
export { ownerOf } from "./offline/owner.ts";
export type { OfflineHost, OfflineOptions } from "./offline/owner.ts";
export { findPoison, skipEntry } from "./offline/poison.ts";
export type { Poison, PoisonOptions } from "./offline/poison.ts";
