/** What of a node is compared. */
export interface SeenNode {
  readonly mzxid: number;
  readonly version: number;
  readonly value: string;
}

/** One committed change of one node. */
export interface CommittedEvent {
  readonly revision: number;
  /** Order among the changes of one revision, from 0. */
  readonly ordinal: number;
  readonly path: string;
  readonly type: "created" | "changed" | "deleted";
  /** After the change; null when deleted. Absent: not compared. */
  readonly node?: SeenNode | null;
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
  /** Absent: all. */
  readonly types?: readonly CommittedEvent["type"][];
  /** What the last name of a path below its own must be, with `*` for anything. Absent: any. */
  readonly names?: string;
}

/** The events of a log that a watch must deliver, in order. The log must be in order itself. */
export function expectedEvents(log: readonly CommittedEvent[], watch: WatchSpec): CommittedEvent[] {
  const isNamed = namesOf(watch);
  const { types } = watch;
  return log.filter(
    (event) =>
      event.revision >= watch.from &&
      matches(event, watch) &&
      (types === undefined || types.includes(event.type)) &&
      isNamed(event.path),
  );
}

/** True for the paths whose nodes a snapshot of the watch shows: it leaves out by names alone. */
export function scopeOf(watch: WatchSpec): (path: string) => boolean {
  const isNamed = namesOf(watch);
  return (path) => matches({ path, type: "created" }, watch) && isNamed(path);
}

type Place = Pick<CommittedEvent, "revision" | "ordinal">;

/** Compares places in the history. */
export function byPlace(a: Place, b: Place): number {
  return a.revision - b.revision || a.ordinal - b.ordinal;
}

function matches(event: Pick<CommittedEvent, "path" | "type">, { path, watchKind }: WatchSpec): boolean {
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

function namesOf({ path: own, names }: WatchSpec): (path: string) => boolean {
  if (names === undefined) return () => true;
  const parts = names.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const shape = new RegExp(`^${parts.join(".*")}$`, "s");
  return (path) => path === own || shape.test(path.slice(path.lastIndexOf("/") + 1));
}

function parentOf(path: string): string | null {
  if (path === "/") return null;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
