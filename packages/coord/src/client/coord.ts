import { createElection } from "../recipes/election.ts";
import { createLockSet } from "../recipes/lock-set.ts";
import { createLock } from "../recipes/lock.ts";
import { createRegistry } from "../recipes/registry.ts";
import { createReadWriteLock, createSemaphore } from "../recipes/semaphore.ts";
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
    lock: (name, options) => createLock(session, name, options),
    readWriteLock: (name, options) => createReadWriteLock(session, name, options),
    semaphore: (name, options) => createSemaphore(session, name, options),
    lockSet: (locks) => createLockSet(session, locks),
    close,
    [Symbol.asyncDispose]: close,
  };
}
