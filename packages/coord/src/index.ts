export * from "./client/index.ts";
export type { CoordNode, NodeHealth, NodeLiveness, Member, StartOptions } from "./server/api.ts";
export {
  dataOwner,
  findPoison,
  forceNewCluster,
  inspectData,
  makeJoiner,
  restoreBackup,
  skipEntry,
} from "./server/offline.ts";
export type { DataOptions, RestoreOptions } from "./server/offline.ts";
export { prometheusText } from "./server/prometheus.ts";
export { standIn } from "./server/stand-in.ts";
export type { StandIn } from "./server/stand-in.ts";
export { start } from "./server/start.ts";
export type {
  DataReport,
  ForcedCluster,
  Metric,
  MetricSample,
  Poison,
  RestoredCluster,
  StopReason,
  TraceRecord,
} from "@flotilla/raft";
export type { Host } from "@flotilla/runtime";
