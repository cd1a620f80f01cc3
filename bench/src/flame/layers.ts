import type { FlameNode } from "./profile.ts";

/** Where the time of a process goes. */
export type Layer =
  | "load"
  | "client"
  | "wire"
  | "codec"
  | "session"
  | "raft"
  | "peer link"
  | "log"
  | "apply"
  | "runtime"
  | "Node.js"
  | "garbage collection"
  | "event loop and system calls";

export const layers: readonly Layer[] = [
  "load",
  "client",
  "wire",
  "codec",
  "session",
  "raft",
  "peer link",
  "log",
  "apply",
  "runtime",
  "Node.js",
  "garbage collection",
  "event loop and system calls",
];

// The first that fits counts.
const places: readonly (readonly [part: string, layer: Layer])[] = [
  ["/bench/dist/", "load"],
  ["/cbor-x/", "codec"],
  ["/runtime/dist/codec.", "codec"],
  ["/runtime/dist/cbor-check.", "codec"],
  ["/runtime/dist/shape.", "codec"],
  ["/coord/dist/wire/", "codec"],
  ["-codec.js", "codec"],
  ["/ws/", "wire"],
  ["/runtime/dist/real/ws-", "wire"],
  ["/runtime/dist/memory-channel.", "wire"],
  ["/coord/dist/client/", "client"],
  ["/coord/dist/recipes/", "client"],
  ["/coord/dist/server/", "session"],
  ["/raft/dist/transport/", "peer link"],
  ["/raft/dist/storage/", "log"],
  ["/runtime/dist/real/level-", "log"],
  ["-level/", "log"],
  ["/raft/dist/", "raft"],
  ["/kv/dist/", "apply"],
  ["/runtime/dist/", "runtime"],
];

/** The layer that a function belongs to; null for what only serves its caller. */
export function layerOf({ name, url }: Pick<FlameNode, "name" | "url">): Layer | null {
  if (name === "(garbage collector)") return "garbage collection";
  if (name === "(program)") return "event loop and system calls";
  return places.find(([part]) => url.includes(part))?.[1] ?? null;
}

/** µs by layer: each moment counts for the innermost function that belongs to one. */
export function timeByLayer(root: FlameNode): ReadonlyMap<Layer, number> {
  const times = new Map<Layer, number>();
  const visit = (node: FlameNode, above: Layer): void => {
    const layer = layerOf(node) ?? above;
    times.set(layer, (times.get(layer) ?? 0) + node.selfUs);
    for (const child of node.children) visit(child, layer);
  };
  visit(root, "Node.js");
  return times;
}
