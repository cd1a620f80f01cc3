// Work that needs a session, for as long as the app lives.
import { setTimeout as sleep } from "node:timers/promises";
import { FlotillaError } from "@flotilla/coord";

/** Between two tries, such as while there is no majority to open a session. */
const pauseMs = 500;

const mayPass = (error) =>
  error?.retryable === true || FlotillaError.is(error, "ERR_FLOTILLA_SESSION_EXPIRED");

/**
 * Runs `work` until `signal` fires, with a new session whenever one was lost, or `work` returned or failed in a way that
 * passes; tries as long as it takes to have one.
 */
export async function withSession(node, work, signal) {
  while (!signal.aborted) {
    try {
      const coord = await node.connect({ signal, sessionTtlMs: 1_500 }); // its place is taken within 1.5 s and a little
      try {
        await work(coord);
      } finally {
        await coord.close(); // whoever is next has it at once
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!mayPass(error)) throw error;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}
