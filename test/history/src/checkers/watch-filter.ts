/** One committed change of one node. */
export interface CommittedEvent {
  readonly revision: number;
  /** Order among the changes of one revision, from 0. */
  readonly ordinal: number;
  readonly path: string;
  readonly type: "created" | "changed" | "deleted";
}

/**
 * - `data`: the node itself is created, changed, deleted.
 * - `children`: a direct child is created or deleted, or the node itself is.
 * - `recursive`: anything happens to the node or below it.
 */
export type WatchKind = "data" | "children" | "recursive";

/** What a watch asked for. */
export interface WatchSpec {
  readonly path: string;
  readonly watchKind: WatchKind;
  /** The first revision it wants to hear of. */
  readonly from: number;
}

/** The events of a log that a watch must deliver, in order. The log must be in order itself. */
export function expectedEvents(log: readonly CommittedEvent[], watch: WatchSpec): CommittedEvent[] {
  return log.filter((event) => event.revision >= watch.from && matches(event, watch));
}

/** Compares places in the history. */
export function byPlace(a: CommittedEvent, b: CommittedEvent): number {
  return a.revision - b.revision || a.ordinal - b.ordinal;
}

function matches(event: CommittedEvent, { path, watchKind }: WatchSpec): boolean {
  const self = event.path === path;
  switch (watchKind) {
    case "data":
      return self;
    case "children":
      return event.type !== "changed" && (self || parentOf(event.path) === path);
    default:
      return self || event.path.startsWith(path === "/" ? "/" : `${path}/`);
  }
}

function parentOf(path: string): string | null {
  if (path === "/") return null;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
