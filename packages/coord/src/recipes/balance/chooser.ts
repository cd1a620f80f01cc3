import type { Candidate } from "./api.ts";

/**
 * A `Picker` that is told whether this is another try of the same work, with candidates left out for this once: what it
 * remembers of those stays as it is.
 */
export type Chooser = (
  candidates: readonly [Candidate, ...Candidate[]],
  key: string,
  isRetry?: boolean,
) => Candidate;
