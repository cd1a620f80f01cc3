import type { Entry } from "../entry.ts";
import type { Index } from "../types.ts";
import type { Budget } from "./window.ts";

/**
 * Older entries, synchronously, for what the core no longer holds in memory. The core asks only for indexes
 * that it was told are durable and that it has not dropped since; while an append task is under way the
 * answer may show the log before or after it, because the core cuts off whatever it did not ask for.
 */
export interface LogReader {
  /**
   * Entries from `from` on, contiguous and intact: at least one, and no more than fit the budget; fewer when more would
   * take long. `"compacted"` when entry `from` is not there any more.
   * @throws FlotillaError `ERR_FLOTILLA_STORAGE` or `ERR_FLOTILLA_DAMAGED`; the node stops
   */
  read(from: Index, budget: Budget): readonly Entry[] | "compacted";
}
