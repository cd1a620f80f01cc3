import type { Identity } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { ServerContext } from "./context.ts";
import type { Outlet } from "./outlet.ts";
import { WatchFeed } from "./watch-feed.ts";

/** The history that this server is in. */
export function historyIdOf({ raft }: Pick<ServerContext, "raft">): string {
  return raft.status().configuration.historyId;
}

/**
 * The watches of a session, whose events go before its answers.
 * @param identities who its client was found to be
 */
export function feedFor(
  context: ServerContext,
  outlet: Outlet,
  identities: () => readonly Identity[],
): WatchFeed {
  const { machine, sessions, clock, stint, budgetLog, probe } = context;
  const feed = new WatchFeed({
    machine,
    table: sessions.watches,
    port: outlet,
    clock,
    stint,
    historyId: () => historyIdOf(context),
    identities,
    onExcess: (report) => budgetLog.tell([report]),
    probe,
  });
  outlet.follow(feed);
  return feed;
}

/** What a client is told of an error that is none of ours. */
export function internalError(cause: unknown): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_INTERNAL", "the message could not be served", { cause });
}
