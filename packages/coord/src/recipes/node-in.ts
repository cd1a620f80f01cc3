import type { Node } from "@flotilla/kv";
import type { WatchEvent } from "../client/api.ts";

/** What an event of a watch of one node says of it: null when it is not there. */
export function nodeIn(event: WatchEvent): Node | null {
  return event.type === "snapshot" ? (event.nodes[0]?.node ?? null) : event.node;
}
