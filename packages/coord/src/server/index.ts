export type { Coord, CoordNode, Member, StartOptions } from "./api.ts";
export { startNode } from "./node.ts";
export type { NodeHooks } from "./node.ts";
export type { Observer } from "./observer.ts";
export { start } from "./start.ts";
