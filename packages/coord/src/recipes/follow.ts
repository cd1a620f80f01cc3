import type { WatchKind } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch, WatchEvent } from "../client/api.ts";
import { sharedController } from "../shared-controller.ts";
import { listen } from "./bounded.ts";
import { patient } from "./patient.ts";
import { type Listed, type Reading, Roster, type RosterChange } from "./roster.ts";

/** What is followed. */
export interface Followed {
  readonly path: string;
  readonly kind: WatchKind;
  readonly signal: AbortSignal | undefined;
}

/** Whose children are followed, and what is made of them. */
export interface FollowedChildren<T> extends Reading<T> {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * A snapshot, as of some moment after the call, then every change. Ends when the signal fires or the session is closed;
 * outlasts a missing quorum.
 * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
 */
export async function* follow(
  session: Session,
  { path, kind, signal }: Followed,
): AsyncGenerator<WatchEvent, void, undefined> {
  const ending = sharedController();
  let watch = null as Watch | null;
  const stopListening = listen(signal, (reason) => {
    ending.abort(reason);
    void watch?.close();
  });
  try {
    const calls = patient(session, ending.signal);
    // The snapshot is the server's at hand, which has by then what a linearizable read has shown.
    await calls.get(path);
    watch = await calls.watch(path, { kind, initial: true });
    // Between its arming and here nobody could close it.
    if (!ending.signal.aborted) yield* watch;
  } catch (error) {
    if (signal?.aborted !== true && !FlotillaError.is(error, "ERR_FLOTILLA_CLOSED")) throw error;
  } finally {
    stopListening();
    await watch?.close();
  }
}

/** The children now, then every change of them; else as `follow`. */
export async function* followChildren<T extends Listed>(
  session: Session,
  { path, signal, ...reading }: FollowedChildren<T>,
): AsyncGenerator<RosterChange<T>, void, undefined> {
  const roster = new Roster(path, reading);
  let isFirst = true;
  for await (const event of follow(session, { path, kind: "recursive", signal })) {
    const change = roster.take(event);
    if (change !== null) yield change;
    else if (isFirst) yield { revision: event.revision, all: [], added: [], changed: [], removed: [] };
    isFirst = false;
  }
}
