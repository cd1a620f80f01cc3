import { invariant } from "@flotilla/runtime";
import type { RaftState } from "./state.ts";

/**
 * What holds after every turn, whatever was heard. Details are gathered only for what is broken.
 * @throws FlotillaError `ERR_FLOTILLA_INTERNAL` naming what does not hold
 */
export function checkInvariants(s: RaftState): void {
  const { log, config, hard, durableHard } = s;
  const { commit, applied, durable, last } = log;
  if (commit > last.index) invariant(false, "CommitWithinLog", { commit, last });
  if (applied > commit || applied > durable)
    invariant(false, "AppliedWithinDurable", { applied, commit, durable });
  if (config.index > last.index) invariant(false, "ConfigurationWithinLog", { config: config.index, last });
  if (durableHard.term > hard.term)
    invariant(false, "TermMonotone", { durable: durableHard.term, term: hard.term });
  if (hard.term < last.term) invariant(false, "TermCoversLog", { term: hard.term, last });
}
