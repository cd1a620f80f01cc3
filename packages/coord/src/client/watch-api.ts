import type { WatchToken } from "@flotilla/kv";

/** A place in the stream of changes: plain data, to be kept and given to `from`. */
export interface WatchPosition extends WatchToken {
  /** The history it counts in. Absent: that of the server at hand. */
  readonly historyId?: string;
}

/** What a watch leaves out; judged by the server. A snapshot has what `names` lets through. */
export interface WatchFilter {
  /** Default: all three. */
  readonly types?: readonly ("created" | "changed" | "deleted")[];
  /**
   * Names of nodes below the watched one, with `*` for any characters: `worker-*`. The watched node itself is always
   * told of. At most 256 characters and eight `*`. Default: any name.
   */
  readonly names?: string;
}
