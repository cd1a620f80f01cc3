export type {
  Added,
  BookmarkedWatchOptions,
  CheckItem,
  CreateOptions,
  DeleteOptions,
  Fence,
  GrantOptions,
  Lease,
  MultiItem,
  MultiOptions,
  MultiResult,
  NodeConditions,
  Session,
  SessionLease,
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
} from "./api.ts";
export type {
  BudgetsOptions,
  CallOptions,
  ChildNodesOptions,
  ChildNodesPage,
  ChildrenOptions,
  LeasesOptions,
  HistoryOptions,
  PastOptions,
  ReadOptions,
  SessionsOptions,
} from "./read-api.ts";
export type { NodeStatus } from "./status-api.ts";
export { dnsEndpoints, fileEndpoints, srvEndpoints, staticEndpoints } from "./discovery.ts";
export type { Discovery, EndpointSource, NameServers } from "./discovery.ts";
export type { WatchFilter, WatchPosition } from "./watch-api.ts";
export type {
  AddOptions,
  Admin,
  AdminOptions,
  Comparison,
  LeaseTime,
  LeaseTimesPage,
  MemberInfo,
  Membership,
  MembersAdmin,
  MoveOptions,
  Newcomer,
  NodeReport,
} from "./admin-api.ts";
export { admin } from "./admin.ts";
export type { BackupHeader } from "../backup/backup-format.ts";
export type { BackupFacts } from "../backup/backup-reader.ts";
export { Backup, openBackup } from "../backup/open-backup.ts";
export { connect } from "./connect.ts";
export { nodeStatus } from "./node-status.ts";
export type { ConnectOptions, SessionOptions } from "./options.ts";
export { bytes, text } from "./values.ts";
export { cborCodec, jsonCodec, textCodec } from "./codecs.ts";
export type { Codec, SchemaOptions } from "./codecs.ts";
export type { SchemaIssue, SchemaResult, StandardSchema, ValueIssue } from "./schema.ts";
export type { TypedNode, Values } from "./typed-values.ts";
export type {
  CandidateInfo,
  Election,
  ElectionOptions,
  EvictOptions,
  Held,
  LeaderInfo,
  Leadership,
  ResignOptions,
} from "../recipes/api.ts";
export type {
  Barrier,
  BarrierRound,
  BarrierSetOptions,
  CountDownOptions,
  DoubleBarrier,
  DoubleBarrierOptions,
  Latch,
  LatchOptions,
} from "../recipes/barrier/api.ts";
export type {
  Config,
  ConfigDifference,
  ConfigHistoryOptions,
  ConfigOptions,
  ConfigVersion,
  ConfigWatchOptions,
  ConfigWriteOptions,
} from "../recipes/config/api.ts";
export type {
  Group,
  GroupChange,
  GroupMember,
  GroupMembership,
  GroupMeta,
  JoinOptions,
} from "../recipes/group/api.ts";
export type { Counter, Ids, IdsOptions } from "../recipes/counter-api.ts";
export type {
  Cron,
  CronOptions,
  CronRecord,
  CronRun,
  CronRunOptions,
  HistoryOfRunsOptions,
} from "../recipes/cron/api.ts";
export type {
  CodedQueueOptions,
  ConsumeOptions,
  DeadLetter,
  DeadLetters,
  DeadLettersOptions,
  PutOptions,
  Queue,
  QueueOptions,
  QueueReport,
  Taken,
} from "../recipes/queue/api.ts";
export { EpochGate, epochHeader, epochHeaders, readEpoch } from "../fencing/gate.ts";
export { fencedPut } from "../fencing/put.ts";
export type { ConditionalStore, StoredTag } from "../fencing/put.ts";
export { fencedUpdate, fencedUpsert, requireWritten } from "../fencing/sql.ts";
export type { FencedRow, SqlStatement, SqlValue } from "../fencing/sql.ts";
export type { Token } from "../fencing/token.ts";
export type {
  Balancer,
  BalanceOptions,
  Candidate,
  OutlierOptions,
  Picker,
  PickOptions,
  Strategy,
  UseOptions,
} from "../recipes/balance/api.ts";
export type {
  Check,
  CheckTiming,
  FindOptions,
  RegisterOptions,
  FunctionCheck,
  Health,
  HttpCheck,
  Instance,
  InstanceChange,
  InstanceFilter,
  InstanceState,
  Registration,
  Registry,
  Service,
  ServiceTraits,
  TcpCheck,
  TtlCheck,
  WatchInstancesOptions,
} from "../recipes/registry/api.ts";
export { deletePaged } from "../recipes/delete-paged.ts";
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
} from "../recipes/lock-api.ts";
export type {
  Keeper,
  KeeperOptions,
  KeeperStatus,
  KeptWorker,
  RestartOptions,
  Slot,
  SlotState,
  SlotStatus,
  WorkerDriver,
} from "../recipes/keeper/api.ts";
export { functionDriver, processDriver, threadDriver } from "../recipes/keeper/drivers.ts";
export type { ProcessDriverOptions } from "../recipes/keeper/drivers.ts";
export type {
  Shard,
  ShardMap,
  ShardOwner,
  Shards,
  ShardsOptions,
  ShardStrategy,
} from "../recipes/shards/api.ts";
export type { Team, TeamOptions, TeamPart } from "../recipes/team-api.ts";
export type { DeletePagedOptions } from "../recipes/delete-paged.ts";
export type { Coord } from "../server/api.ts";
export { FlotillaError } from "@flotilla/runtime";
export { budgetKinds, digestId, openAcl, permissions } from "@flotilla/kv";
export type { Acl, AclEntry, AclScheme } from "@flotilla/kv";
export type { Credential } from "../wire/messages.ts";
export type { MemberRole } from "@flotilla/raft";
export type { ClientHost, Clock, ErrorCode, Logger, Resolver } from "@flotilla/runtime";
export type {
  Branch,
  Budget,
  BudgetBounds,
  BudgetExcess,
  BudgetInfo,
  BudgetKind,
  BudgetsPage,
  BudgetUse,
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
