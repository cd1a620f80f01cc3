import type { Session, Watch, WatchEvent } from "../../client/api.ts";
import { listen } from "../bounded.ts";
import { patient } from "../patient.ts";

/** Of one session, half of the watches that it may have: the rest is for others. */
const maxFollowed = 500;

/** By the signal, which is the same however a session is wrapped. */
const followed = new WeakMap<AbortSignal, number>();

/** What is followed. */
export interface OwnNode {
  readonly path: string;
  /** The revision after which to begin. */
  readonly from: number;
  readonly signal: AbortSignal;
}

/**
 * What becomes of a node of the session, until the signal fires; nothing while the session follows 500 already.
 * @throws FlotillaError what refuses the watch, and what ends it
 */
export async function* followOwn(
  session: Session,
  { path, from, signal }: OwnNode,
): AsyncGenerator<WatchEvent, void, undefined> {
  const count = followed.get(session.signal) ?? 0;
  if (count >= maxFollowed) return;
  followed.set(session.signal, count + 1);
  let watch = null as Watch | null;
  const stopListening = listen(signal, () => void watch?.close());
  try {
    watch = await patient(session, signal).watch(path, { from });
    if (!signal.aborted) yield* watch;
  } finally {
    stopListening();
    void watch?.close();
    followed.set(session.signal, (followed.get(session.signal) ?? 1) - 1);
  }
}
