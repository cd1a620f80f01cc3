import { listen } from "../recipes/bounded.ts";
import { endable } from "../recipes/endable.ts";
import { Wake } from "../recipes/wake.ts";
import type { Session, SessionState } from "./api.ts";
import { requireOptions } from "./call.ts";

type StateSource = Pick<Session, "state" | "onState">;

/** States kept for a slow reader; with more, the oldest are left out. */
const maxKept = 64;

/** A session's state now, then every change, until a final one was told or the signal fires. */
export function statesOf(
  session: StateSource,
  options: { readonly signal?: AbortSignal } | undefined,
): AsyncGenerator<SessionState, void, undefined> {
  requireOptions(options);
  return endable(options?.signal, (ending) => states(session, ending));
}

async function* states(
  session: StateSource,
  signal: AbortSignal,
): AsyncGenerator<SessionState, void, undefined> {
  const told: SessionState[] = [session.state];
  const wake = new Wake();
  const listening = session.onState((state) => {
    told.push(state);
    if (told.length > maxKept) told.shift();
    wake.notify();
  });
  const stopListening = listen(signal, () => wake.notify());
  try {
    for (;;) {
      if (signal.aborted) return;
      const state = told.shift();
      if (state === undefined) await wake.next();
      else yield state;
      if (state === "lost" || state === "closed") return;
    }
  } finally {
    stopListening();
    listening[Symbol.dispose]();
  }
}
