export type {
  ClientOptions,
  Machine,
  MemberOptions,
  SleepOptions,
  TestCluster,
  TestClusterOptions,
  Within,
} from "./api.ts";
export { testCluster } from "./test-cluster.ts";
export { SimulationError } from "@flotilla/runtime/sim";
export type { CrashOptions } from "@flotilla/runtime/sim";
