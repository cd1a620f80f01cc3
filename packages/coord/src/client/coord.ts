import { createElection } from "../recipes/election.ts";
import { createRegistry } from "../recipes/registry.ts";
import type { Coord } from "../server/api.ts";
import type { Session } from "./api.ts";

/**
 * The recipes on a session.
 * @param onClose called by the first `close`, which resolves with it; closes the session and whatever stands behind it
 */
export function coordOver(session: Session, onClose: () => Promise<void>): Coord {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= onClose();
    return closing;
  };
  return {
    session,
    registry: createRegistry(session),
    election: (name, options) => createElection(session, name, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}
