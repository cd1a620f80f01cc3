import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import { sharedController } from "../shared-controller.ts";
import { listen } from "./bounded.ts";
import { patient } from "./patient.ts";
import { type Listed, type Reading, Roster, type RosterChange } from "./roster.ts";

/** Whose children are followed, and what is made of them. */
export interface Followed<T> extends Reading<T> {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * The children now, as of some moment after the call, then every change of them. Ends when the signal fires or the
 * session is closed; outlasts a missing quorum.
 * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
 */
export async function* followChildren<T extends Listed>(
  session: Session,
  { path, signal, ...reading }: Followed<T>,
): AsyncGenerator<RosterChange<T>, void, undefined> {
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
    watch = await calls.watch(path, { kind: "recursive", initial: true });
    const roster = new Roster(path, reading);
    let isFirst = true;
    for await (const event of watch) {
      const change = roster.take(event);
      if (change !== null) yield change;
      else if (isFirst) yield { revision: event.revision, all: [], added: [], changed: [], removed: [] };
      isFirst = false;
    }
  } catch (error) {
    if (signal?.aborted !== true && !FlotillaError.is(error, "ERR_FLOTILLA_CLOSED")) throw error;
  } finally {
    stopListening();
    await watch?.close();
  }
}
