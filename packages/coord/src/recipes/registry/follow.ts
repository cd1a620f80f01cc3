import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../../client/api.ts";
import { sharedController } from "../../shared-controller.ts";
import { listen } from "../bounded.ts";
import { patient } from "../patient.ts";
import type { Instance, InstanceChange } from "./api.ts";
import { Roster } from "./roster.ts";

/** What is followed. */
export interface Followed {
  readonly name: string;
  /** Of the service's node. */
  readonly path: string;
  readonly fits: (instance: Instance) => boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * The set now, as of some moment after the call, then every change of it. Ends when the signal fires or the session is
 * closed; outlasts a missing quorum.
 * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
 */
export async function* follow(
  session: Session,
  { name, path, fits, signal }: Followed,
): AsyncGenerator<InstanceChange, void, undefined> {
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
    const roster = new Roster(name, path, fits);
    let isFirst = true;
    for await (const event of watch) {
      const change = roster.take(event);
      if (change !== null) yield change;
      else if (isFirst) yield { instances: [], added: [], changed: [], removed: [] };
      isFirst = false;
    }
  } catch (error) {
    if (signal?.aborted !== true && !FlotillaError.is(error, "ERR_FLOTILLA_CLOSED")) throw error;
  } finally {
    stopListening();
    await watch?.close();
  }
}
