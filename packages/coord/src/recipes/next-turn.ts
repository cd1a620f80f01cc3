import type { Session } from "../client/api.ts";

/** Resolves after everything that this turn of the event loop still does. */
export function nextTurn({ clock }: Pick<Session, "clock">): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}
