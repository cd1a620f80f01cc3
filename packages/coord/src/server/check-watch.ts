import { isPath } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { WatchSpec } from "../wire/messages.ts";

/** @throws FlotillaError `ERR_FLOTILLA_BAD_PATH` */
export function checkWatch(watch: WatchSpec): void {
  if (!isPath(watch.path)) throw new FlotillaError("ERR_FLOTILLA_BAD_PATH", "a watch needs a valid path");
}
