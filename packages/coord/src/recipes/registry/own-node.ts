import type { Session, Watch, WatchEvent } from "../../client/api.ts";
import { listen } from "../bounded.ts";
import { OwnWatches } from "../own-watches.ts";
import { patient } from "../patient.ts";

/** What is followed. */
export interface OwnNode {
  readonly path: string;
  /** The revision after which to begin. */
  readonly from: number;
  readonly signal: AbortSignal;
}

/**
 * What becomes of a node of the session, until the signal fires; nothing while the session watches 500 of its own already.
 * @throws FlotillaError what refuses the watch, and what ends it
 */
export async function* followOwn(
  session: Session,
  { path, from, signal }: OwnNode,
): AsyncGenerator<WatchEvent, void, undefined> {
  const watches = OwnWatches.of(session);
  if (!watches.tryBegin()) return;
  let watch = null as Watch | null;
  const stopListening = listen(signal, () => void watch?.close());
  try {
    watch = await patient(session, signal).watch(path, { from });
    if (!signal.aborted) yield* watch;
  } finally {
    stopListening();
    void watch?.close();
    watches.end();
  }
}
