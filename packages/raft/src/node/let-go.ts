import { FlotillaError } from "@flotilla/runtime";
import type { Storage } from "../storage/open-storage.ts";
import type { StopReason } from "./types.ts";

/**
 * Lets go of the data of a node that writes no more; `reason` is what it stopped for. What failed before says more than
 * what fails here, and a store that failed is not touched any more.
 */
export async function letGo(
  { highWater, log }: Pick<Storage, "highWater" | "log">,
  reason?: StopReason,
): Promise<void> {
  // The leader of the next life may not know any more what was acknowledged.
  if (reason?.type === "failed" && wentBack(reason.error)) highWater.note(log.seq + 1);
  await highWater.close();
  await log.close().catch(() => {});
}

function wentBack(error: Error): boolean {
  return FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED") && error.details["wentBack"] === true;
}
