import { createBarrier } from "../recipes/barrier/barrier.ts";
import { createDoubleBarrier } from "../recipes/barrier/double-barrier.ts";
import { createLatch } from "../recipes/barrier/latch.ts";
import { createConfig } from "../recipes/config/config.ts";
import { createCounter } from "../recipes/counter.ts";
import { createCron } from "../recipes/cron/cron.ts";
import { createElection } from "../recipes/election.ts";
import { createGroup } from "../recipes/group/group.ts";
import { createIds } from "../recipes/ids.ts";
import { createKeeper } from "../recipes/keeper/keeper.ts";
import { createLockSet } from "../recipes/lock-set.ts";
import { createLock } from "../recipes/lock.ts";
import { part } from "../recipes/parting.ts";
import { createQueue } from "../recipes/queue/queue.ts";
import { createRegistry, type RegistryHost } from "../recipes/registry/registry.ts";
import { createReadWriteLock, createSemaphore } from "../recipes/semaphore.ts";
import { createShards } from "../recipes/shards/shards.ts";
import { createTeam } from "../recipes/team.ts";
import type { Coord } from "../server/api.ts";
import { ensurePath } from "../recipes/names.ts";
import type { Session } from "./api.ts";
import { requireObject } from "./bad-argument.ts";
import { requireOptions } from "./call.ts";
import type { CallOptions } from "./read-api.ts";
import { namespaced } from "./namespaced-session.ts";
import { SessionValues } from "./typed-values.ts";

/**
 * A session as seen from below a path, which is made when it is absent.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, and what a write throws
 */
export async function openNamespace(session: Session, path: string, options?: CallOptions): Promise<Session> {
  const view = namespaced(session, path);
  if ((await view.exists("/", options)) === null) await ensurePath(session, path, options);
  return view;
}

/** Gives back what is held, so that others need not wait for the end of the session, then ends it. */
export async function closeInOrder(session: Session): Promise<void> {
  await part(session);
  await session.close();
}

/** Options that may be left out, as they are. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function asOptions<T>(options: T): T {
  requireOptions(options);
  return options;
}

/**
 * The recipes on a session.
 * @param host where checks ask and chance comes from
 * @param onClose called by the first `close`, which resolves with it; closes the session and whatever stands behind it
 */
export function coordOver(session: Session, host: RegistryHost, onClose: () => Promise<void>): Coord {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= onClose();
    return closing;
  };
  const registry = createRegistry(session, host);
  return {
    session,
    registry,
    election: (name, options) => createElection(session, name, options),
    barrier: (name) => createBarrier(session, name),
    doubleBarrier: (name, options) => createDoubleBarrier(session, name, requireObject(options)),
    latch: (name, options) => createLatch(session, name, requireObject(options)),
    config: (name, options) => createConfig(session, name, requireObject(options)),
    group: (name) => createGroup(session, name),
    counter: (name) => createCounter(session, name),
    ids: (name, options) => createIds(session, name, asOptions(options)),
    lock: (name, options) => createLock(session, name, options),
    readWriteLock: (name, options) => createReadWriteLock(session, name, options),
    semaphore: (name, options) => createSemaphore(session, name, options),
    lockSet: (locks) => createLockSet(session, locks),
    shards: (name, options) => createShards(session, name, requireObject(options)),
    keeper: (name, options) => createKeeper(session, name, asOptions(options)),
    team: (name, options) => createTeam(session, registry, name, options),
    cron: (name, options) => createCron(session, host.random, name, requireObject(options)),
    queue: (name: string, options?: object) => createQueue(session, name, asOptions(options)),
    values: (codec) => new SessionValues(session, codec),
    namespace: async (path, options) =>
      coordOver(await openNamespace(session, path, options), host, async () => {}),
    close,
    [Symbol.asyncDispose]: close,
  };
}
