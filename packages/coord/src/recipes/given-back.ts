import type { Clock } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { orAborted } from "./bounded.ts";
import { partingMs } from "./parting.ts";

/** After such a wait the cluster is asked whether it answers at all, and waited for once more so long, ms. */
const quietMs = partingMs / 2;

/**
 * Waits for something to be given back for as long as the cluster answers: whoever ends the last members of one at once
 * would wait for a majority that is gone. The giving back goes on, until it is done or the session ends. Rejects as it does.
 *
 * @param since until it fires, the cluster is waited for however long it does not answer; default: not at all
 */
export async function givenBack(session: Session, giving: Promise<void>, since?: AbortSignal): Promise<void> {
  try {
    if (since !== undefined) return await orAborted(giving, since);
  } catch (error) {
    if (since?.aborted !== true) throw error;
  }
  while (!(await settlesWithin(session.clock, giving, quietMs)) && (await answers(session)));
}

function settlesWithin(clock: Clock, giving: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(ms, () => resolve(false));
    const settled = giving.then(() => resolve(true), reject);
    void settled.finally(() => timer.cancel());
  });
}

function answers(session: Session): Promise<boolean> {
  return session.sync({ timeoutMs: quietMs }).then(
    () => true,
    () => false,
  );
}
