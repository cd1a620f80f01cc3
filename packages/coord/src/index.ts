export type {
  BookmarkedWatchOptions,
  CallOptions,
  CheckItem,
  ChildrenOptions,
  CreateOptions,
  DeleteOptions,
  Fence,
  GrantOptions,
  HistoryOptions,
  Lease,
  LeasesOptions,
  MultiItem,
  MultiOptions,
  MultiResult,
  NodeConditions,
  PastOptions,
  ReadOptions,
  Session,
  SessionLease,
  SessionsOptions,
  SessionState,
  SetAclOptions,
  SetOptions,
  SnapshotReason,
  Value,
  Watch,
  WatchBookmark,
  WatchEvent,
  WatchOptions,
  WriteOptions,
  Written,
} from "./client/api.ts";
export type { NodeStatus } from "./client/status-api.ts";
export type { WatchFilter, WatchPosition } from "./client/watch-api.ts";
export type {
  AddOptions,
  Admin,
  AdminOptions,
  Comparison,
  MemberInfo,
  Membership,
  MembersAdmin,
  Newcomer,
  NodeReport,
} from "./client/admin-api.ts";
export { admin } from "./client/admin.ts";
export type { BackupHeader } from "./backup/backup-format.ts";
export type { BackupFacts } from "./backup/backup-reader.ts";
export { Backup, openBackup } from "./backup/open-backup.ts";
export { connect } from "./client/connect.ts";
export { nodeStatus } from "./client/node-status.ts";
export type { ConnectOptions, SessionOptions } from "./client/options.ts";
export { bytes, text } from "./client/values.ts";
export type {
  CandidateInfo,
  Election,
  ElectionOptions,
  Held,
  Instance,
  LeaderInfo,
  Leadership,
  Registration,
  Registry,
  Service,
} from "./recipes/api.ts";
export { deletePaged } from "./recipes/delete-paged.ts";
export type {
  AcquireOptions,
  AllHeld,
  Lock,
  LockHold,
  LockHolder,
  Locking,
  LockOptions,
  LockReport,
  LockSet,
  LockUser,
  PermitOptions,
  ReadWriteLock,
  Semaphore,
  SemaphoreOptions,
} from "./recipes/lock-api.ts";
export type { DeletePagedOptions } from "./recipes/delete-paged.ts";
export type { Coord, CoordNode, Member, StartOptions } from "./server/api.ts";
export {
  findPoison,
  forceNewCluster,
  inspectData,
  makeJoiner,
  restoreBackup,
  skipEntry,
} from "./server/offline.ts";
export type { DataOptions, RestoreOptions } from "./server/offline.ts";
export { standIn } from "./server/stand-in.ts";
export type { StandIn } from "./server/stand-in.ts";
export { start } from "./server/start.ts";
export type { Credential } from "./wire/messages.ts";
export { FlotillaError } from "@flotilla/runtime";
export { digestId, openAcl, permissions } from "@flotilla/kv";
export type { DataReport, ForcedCluster, Poison, RestoredCluster } from "@flotilla/raft";
export type { ErrorCode } from "@flotilla/runtime";
export type {
  Acl,
  AclEntry,
  AclScheme,
  Branch,
  ChildrenPage,
  LeaseEntry,
  LeaseId,
  LeasesPage,
  Node,
  NodeChange,
  NodeChangesPage,
  SessionId,
  SessionInfo,
  SessionsPage,
  Stat,
  Usage,
  WatchKind,
  WatchToken,
} from "@flotilla/kv";
