import { FlotillaError } from "@flotilla/runtime";
import type { Clock } from "@flotilla/runtime";
import type { Restoring } from "../node/state-machine.ts";
import type { SnapshotMeta } from "./snapshot-manifest.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** What a snapshot is read with. */
export interface Restoration {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  readonly restoring: Restoring;
  /** Called with each piece of work. */
  readonly onPiece: () => void;
  /** False once nobody wants it any more. Default: it is wanted to the end. */
  readonly isWanted?: () => boolean;
}

/** `proved`: `replace` may be called. `left`: nobody wanted it any more. `damaged`: the bytes on the disk are not its own. */
export type RestoreOutcome =
  | { readonly type: "proved" | "left" }
  | { readonly type: "damaged"; readonly error: FlotillaError };

function always(): boolean {
  return true;
}

/**
 * Builds the state of a snapshot from its file, a slice at a time and with the event loop free after each piece of
 * work; there never is more than a slice of it in memory besides. What the state machine refuses only counts once the
 * bytes have proved to be the snapshot's.
 * @throws whatever the state machine throws for bytes that are those of the snapshot; FlotillaError `ERR_FLOTILLA_STORAGE`
 */
export async function restoreState(meta: SnapshotMeta, restoration: Restoration): Promise<RestoreOutcome> {
  const { store, restoring, isWanted = always } = restoration;
  const release = store.hold(meta);
  let refusal: { readonly error: unknown } | null = null;
  try {
    for await (const slice of store.slices(meta)) {
      refusal ??= await take(slice, restoration);
      if (!isWanted()) return { type: "left" };
    }
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
    return { type: "damaged", error };
  } finally {
    release();
  }
  if (refusal !== null) throw refusal.error;
  restoring.prove();
  return { type: "proved" };
}

async function take(
  slice: Uint8Array,
  { clock, restoring, onPiece, isWanted = always }: Restoration,
): Promise<{ readonly error: unknown } | null> {
  try {
    restoring.write(slice);
    do {
      onPiece();
      await new Promise<void>((resolve) => clock.defer(resolve));
    } while (isWanted() && restoring.work());
    return null;
  } catch (error) {
    return { error };
  }
}
