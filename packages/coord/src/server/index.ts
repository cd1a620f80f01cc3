export type { Coord, CoordNode, Member, StartOptions } from "./api.ts";
export { startNode } from "./node.ts";
export type { NodeHooks, OpenedRaft } from "./node.ts";
export type { Observer } from "./observer.ts";
export { start } from "./start.ts";
export type { Session } from "../client/api.ts";
export type { NodeStatus } from "../client/status-api.ts";
export type { LeaderInfo, Leadership } from "../recipes/api.ts";
export type { Registration } from "../recipes/registry/api.ts";
