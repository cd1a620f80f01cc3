import type { Clock } from "@flotilla/runtime";
import type { LogId } from "../core/types.ts";
import type { Configuration } from "../core/config.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";
import type { Snapshot } from "./state-machine.ts";

/** What a snapshot taken here stands for. */
export interface SnapshotPoint {
  readonly last: LogId;
  readonly timeMs: number;
  readonly configuration: Configuration;
}

/**
 * Writes a snapshot slice by slice, one a turn, so that the event loop is never held for long.
 * @throws FlotillaError `ERR_FLOTILLA_STORAGE`, or whatever the state machine throws
 */
export async function saveSnapshot(
  clock: Clock,
  store: SnapshotStore,
  snapshot: Snapshot,
  point: SnapshotPoint,
  seq: () => number,
): Promise<SnapshotMeta> {
  const writer = await store.create(point.last);
  for (const chunk of snapshot.chunks()) {
    await writer.write(chunk);
    await new Promise<void>((resolve) => clock.defer(resolve));
  }
  const meta = await writer.commit({ timeMs: point.timeMs, configuration: point.configuration, seq: seq(), installed: false });
  await store.adopt(meta);
  return meta;
}
