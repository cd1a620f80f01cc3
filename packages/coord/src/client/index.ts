export type {
  CallOptions,
  ChildrenOptions,
  CreateOptions,
  DeleteOptions,
  Fence,
  MultiItem,
  MultiResult,
  NodeStatus,
  ReadOptions,
  Session,
  SessionLease,
  SessionState,
  SetOptions,
  Value,
  Watch,
  WatchEvent,
  WatchOptions,
  WatchPosition,
  WriteOptions,
  Written,
} from "./api.ts";
export { connect } from "./connect.ts";
export type { ConnectOptions, SessionOptions } from "./options.ts";
export { bytes, text } from "./values.ts";
