export type { Configuration, Voter } from "./core/config.ts";
export type { HardState, Index, LogId, NodeId, Role, Term } from "./core/types.ts";
export type { Command, Snapshot, StateMachine } from "./node/state-machine.ts";
export { peerProtocols } from "./node/types.ts";
export type {
  Founder,
  PeerStatus,
  Proposed,
  ProposeOptions,
  RaftOptions,
  RaftStatus,
  ReadOptions,
  StopReason,
} from "./node/types.ts";
