export {
  aclBounds,
  aclSchemes,
  identitySchemes,
  isAcl,
  openAcl,
  permissions,
  permits,
  shownAcl,
} from "./acl.ts";
export type { Acl, AclEntry, AclScheme, Identity } from "./acl.ts";
export { readAcl, writeAcl } from "./acl-codec.ts";
export { budgetKinds, isBudget } from "./budget.ts";
export type {
  Budget,
  BudgetBounds,
  BudgetExcess,
  BudgetInfo,
  BudgetKind,
  BudgetReport,
  BudgetsPage,
  BudgetUse,
  SetBudgetOp,
} from "./budget.ts";
export { readBudget, readExcess, writeBudget, writeExcess } from "./budget-codec.ts";
export type { BudgetReads } from "./budget-ops.ts";
export { digestId } from "./digest-id.ts";
export { readDecimal } from "./decimal.ts";
export { decodeCommand, encodeCommand } from "./command-codec.ts";
export { newestLevel, oldestLevel } from "./feature-level.ts";
export { compareTokens, EventHistory } from "./history.ts";
export type { HistoryLimits, KeptEvent } from "./history.ts";
export { limits } from "./limits.ts";
export { Machine } from "./machine.ts";
export type { MachineOptions } from "./machine.ts";
export type { ApplyPoint, MachineSnapshot, PageOptions, ReapableQuery } from "./machine-api.ts";
export { idDigits } from "./ids.ts";
export { isNamePattern, NamePattern } from "./name-pattern.ts";
export { readOperation, writeOperation } from "./operation-codec.ts";
export type { ChangesOptions, NodeChange, NodeChangesPage, Past, PastReads } from "./past.ts";
export { isPath, isWithin, nameOf, parentOf, prefixOf, validatePath } from "./paths.ts";
export type { MachineRestore } from "./restore.ts";
export { decodeResult, encodeResult } from "./result-codec.ts";
export { snapshotFormat } from "./snapshot-format.ts";
export { readStat, writeStat } from "./stat-codec.ts";
export type { Subtree, SubtreeReach, TreeEntry } from "./subtree.ts";
export { TriggerTable } from "./trigger-table.ts";
export type { Trigger, TriggerKind, TriggerKinds, TriggerPaths, TriggerTree } from "./trigger-table.ts";
export { LeaseChanges } from "./lease-changes.ts";
export type { LeaseEntry, LeasesPage, SessionInfo, SessionsPage } from "./session-info.ts";
export type {
  AddOp,
  Applied,
  AttachCommand,
  BeginHistoryCommand,
  BeginRestoredCommand,
  Branch,
  CheckOp,
  ChildrenPage,
  CloseOp,
  Conditions,
  CreateOp,
  DeleteOp,
  DoomOp,
  EndGraceCommand,
  ExpireCommand,
  GrantOp,
  KvCommand,
  LeaseId,
  LeaseInfo,
  MultiOp,
  Node,
  Operation,
  OpResult,
  ReapablePage,
  ReapCommand,
  RequestCommand,
  Result,
  RevokeOp,
  Sequence,
  SessionId,
  SetAclOp,
  SetFeatureLevelCommand,
  SetOp,
  Stat,
  TreeEvent,
  TreeOp,
  Usage,
  WatchKind,
  WatchToken,
} from "./types.ts";
export { validateOperation } from "./validate.ts";
export { matches, WatchTable } from "./watch.ts";
