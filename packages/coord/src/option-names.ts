import { type UnknownOption, unknownOption as unknownIn } from "@flotilla/runtime";

/** Of everything that a session and what is built on it can be asked for. */
const calls: ReadonlySet<string> = new Set(
  [
    "signal timeoutMs level revision before after limit",
    "fence ephemeral sequential lease guarded container ttlMs acl aversion",
    "type path value by version mzxid exists if else owner children force recursive",
    "kind from filter types names values previous once initial bookmarks bookmarkMs ordinal historyId maxStallMs",
    "id priority permits reentrant to parties count key start block schema history note onUnfit",
    "maxItems maxDeliveries codec delayMs whenFull concurrency onError",
    "schedule timeZone missed graceMs maxMissed overlap keepRuns",
    "replicas driver weight drainMs restarts backoffMs maxBackoffMs steadyMs budget budgetMs strategy",
    "tags zone meta states wait pick outliers failures ejectMs maxShare tries retry",
    "servers learner replace",
  ].flatMap((names) => names.split(" ")),
);

/**
 * The first option that nobody reads; null when there is none.
 * @param known default: those of calls and recipes
 */
export function unknownOption(options: object, known: ReadonlySet<string> = calls): UnknownOption | null {
  return unknownIn(options, known);
}
