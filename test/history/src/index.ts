export { HistoryFormatError } from "./format/format-error.ts";
export type { HistoryFormatCode } from "./format/format-error.ts";
export { HistoryWriter } from "./format/history-writer.ts";
export type { OpOrigin } from "./format/history-writer.ts";
export { parseHistory } from "./format/parse-history.ts";
export type {
  History,
  MetaRecord,
  Operation,
  OpRecord,
  OpResult,
  OpType,
  OtherRecord,
  Outcome,
  Resolution,
} from "./format/records.ts";
export { checkLinearizability } from "./linearizability/check.ts";
export type { LinearizabilityOptions, LinearizabilityResult } from "./linearizability/check.ts";
export type { Verdict } from "./linearizability/search.ts";
export { epochMonotone, singleHolder } from "./checkers/beliefs.ts";
export type { BeliefRecord, HolderOptions } from "./checkers/beliefs.ts";
export { changesFold } from "./checkers/changes-fold.ts";
export type { ToldChange, ToldMember } from "./checkers/changes-fold.ts";
export { counterExact } from "./checkers/counter-exact.ts";
export type { CounterRecord } from "./checkers/counter-exact.ts";
export { eventBeforeRead } from "./checkers/event-before-read.ts";
export type { EventBeforeReadInput, SessionDelivery } from "./checkers/event-before-read.ts";
export { exactlyOnce } from "./checkers/exactly-once.ts";
export type { EffectRecord, ExactlyOnceInput, OutcomeRecord } from "./checkers/exactly-once.ts";
export { fencedOrder } from "./checkers/fenced-order.ts";
export type { FencedRecord, GrantRecord } from "./checkers/fenced-order.ts";
export { grantBelieved } from "./checkers/grant-believed.ts";
export { leaseBound } from "./checkers/lease-bound.ts";
export type {
  BelievedUntilRecord,
  LeaseBoundOptions,
  LeaseEndRecord,
  LeaseGrantRecord,
  LeaseRecord,
  LeaseTouchRecord,
} from "./checkers/lease-bound.ts";
export { ownedNodes } from "./checkers/owned-nodes.ts";
export type { OwnedReadRecord, OwnedRecord } from "./checkers/owned-nodes.ts";
export { queueDeliveries } from "./checkers/queue-deliveries.ts";
export { queueOnce } from "./checkers/queue-once.ts";
export type { QueueRecord } from "./checkers/queue-once.ts";
export type { CheckReport, Violation } from "./checkers/report.ts";
export { sessionFifo } from "./checkers/session-fifo.ts";
export type { SessionOpRecord } from "./checkers/session-fifo.ts";
export { setComplete } from "./checkers/set-complete.ts";
export type { SetRecord } from "./checkers/set-complete.ts";
export { watchChain } from "./checkers/watch-chain.ts";
export type { ChainItem, ChainRecord, ShownNode, WatchChainInput } from "./checkers/watch-chain.ts";
export { watchComplete } from "./checkers/watch-complete.ts";
export type {
  DeliveredItem,
  PlacedNode,
  WatchCompleteInput,
  WatchStream,
} from "./checkers/watch-complete.ts";
export type { CommittedEvent, SeenNode, WatchKind, WatchSpec } from "./checkers/watch-filter.ts";
export { watchValues } from "./checkers/watch-values.ts";
export type { ValuedStream, WatchValuesInput } from "./checkers/watch-values.ts";
export { brokenIn, judgeHistory } from "./judge/judge-history.ts";
export type { HistoryJudgement, JudgedInvariant, JudgeOptions, Opinion } from "./judge/judge-history.ts";
export { zxidWitness } from "./witness/zxid-witness.ts";
export type { WitnessReport } from "./witness/zxid-witness.ts";
