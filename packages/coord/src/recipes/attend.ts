import { FlotillaError } from "@flotilla/runtime";
import type { Session, WatchEvent } from "../client/api.ts";
import { listen } from "./bounded.ts";
import { patient } from "./patient.ts";

/**
 * Takes what is at and below a path, as of some moment after the call, and every change after it, until `take` makes
 * something of one.
 * @throws FlotillaError the reason of the signal; `ERR_FLOTILLA_CLOSED`, `ERR_FLOTILLA_SESSION_EXPIRED`; what `take` throws
 */
export async function attend<T>(
  session: Session,
  path: string,
  signal: AbortSignal,
  take: (event: WatchEvent) => Promise<T | null> | T | null,
): Promise<T> {
  const calls = patient(session, signal);
  // The snapshot is the server's at hand, which has by then what a linearizable read has shown.
  await calls.get(path);
  await using watch = await calls.watch(path, { kind: "recursive", initial: true });
  const stopListening = listen(signal, () => void watch.close());
  try {
    for await (const event of watch) {
      const made = await take(event);
      if (made !== null) return made;
    }
  } finally {
    stopListening();
  }
  signal.throwIfAborted();
  throw new FlotillaError("ERR_FLOTILLA_CLOSED", `the session was closed while ${path} was watched`);
}
