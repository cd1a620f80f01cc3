import type { Acl, EventHistory, KeptEvent, Machine, TreeEvent, WatchKind, WatchToken } from "@flotilla/kv";
import { matches } from "@flotilla/kv";
import type { ToldEvent } from "../wire/messages.ts";
import type { EventFilter } from "./event-filter.ts";
import { PageFill } from "./pages.ts";

/** Changes that are looked at in one piece: most are of no concern, and cost little. */
const looksPerPiece = 1_024;

/** What a watch wants, and may see. */
export interface Wanting {
  readonly path: string;
  readonly kind: WatchKind;
  /** Null: it wants everything. */
  readonly filter: EventFilter | null;
  readonly feed: { mayRead(acl: Acl | undefined): boolean };
}

/** What a watch is told of: what happened, and what there is by now. */
export interface PieceSource extends Pick<Machine, "acl" | "exists"> {
  readonly history: Pick<EventHistory, "visit">;
}

/** A bounded piece of history as a watch is told of it. */
export interface Piece {
  /** What fits into one message. */
  readonly events: readonly ToldEvent[];
  /** Everything up to here was looked at; null when nothing was left. */
  readonly last: WatchToken | null;
}

/** True for an event of its scope that it wants to hear of, and whose node its client may read. */
export function isWanted(
  { filter, feed }: Wanting,
  event: Pick<TreeEvent, "type" | "path"> & { readonly acl?: Acl | undefined },
): boolean {
  return feed.mayRead(event.acl) && (filter === null || filter.wants(event));
}

/** True for an event of a node that is still there, but whose list was changed since: its client may read it no more. */
function isClosedSince(source: PieceSource, event: KeptEvent, { feed }: Wanting): boolean {
  const acl = source.acl(event.path);
  if (acl === null || feed.mayRead(acl)) return false;
  const { node } = event.read();
  return node !== null && node.stat.czxid === source.exists(event.path)?.czxid;
}

/** What comes next for a watch after a token; `"gap"` when some of it is gone. */
export function nextPiece(source: PieceSource, token: WatchToken, watch: Wanting): Piece | "gap" {
  const { path, kind, filter } = watch;
  const page = new PageFill<ToldEvent>(filter?.previous === true ? "all" : "after");
  const visit = (event: KeptEvent): boolean => {
    if (!matches(event, path, kind) || !isWanted(watch, event)) return true;
    if (isClosedSince(source, event, watch)) return true;
    const whole = event.read();
    return page.add(filter === null ? whole : filter.told(whole));
  };
  const last = source.history.visit(token, looksPerPiece, visit);
  return last === "gap" ? last : { events: page.items, last };
}
