export { realClientHost } from "./client-host.ts";
export type { RealClientHostOptions } from "./client-host.ts";
export { realClock } from "./clock.ts";
export { jsonLogger } from "./logger.ts";
export type { JsonLoggerOptions, LogLevel } from "./logger.ts";
export { realNetwork } from "./network.ts";
export { realRandom } from "./random.ts";
export { realResolver } from "./resolver.ts";
