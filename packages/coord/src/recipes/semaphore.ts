import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { isObject } from "../given.ts";
import { linePaths } from "./line.ts";
import type { LockOptions, ReadWriteLock, Semaphore, SemaphoreOptions } from "./lock-api.ts";
import { SessionLock } from "./lock.ts";
import { segment } from "./names.ts";
import { appearance } from "./standing.ts";

/** Those who hold at once stand in one record. */
const maxPlaces = 1_000;

/**
 * So many permits for `name`, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createSemaphore(session: Session, name: string, options: SemaphoreOptions): Semaphore {
  if (!isObject(options))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "options: expected an object with permits");
  const places = options.permits;
  if (!(Number.isSafeInteger(places) && places >= 1 && places <= maxPlaces)) {
    const message = `permits: expected an integer from 1 to ${maxPlaces}, got ${String(places)}`;
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
  }
  const standing = { ...appearance(session, options), permits: 1, places };
  return new SessionLock(session, linePaths("semaphore", segment(name, "name")), name, standing);
}

/**
 * Many who read or one who writes, for `name`, on one session: who writes takes all places.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createReadWriteLock(
  session: Session,
  name: string,
  options: Omit<LockOptions, "reentrant"> = {},
): ReadWriteLock {
  const paths = linePaths("read-write-lock", segment(name, "name"));
  const standing = { ...appearance(session, options), places: maxPlaces };
  return {
    read: new SessionLock(session, paths, name, { ...standing, permits: 1 }),
    write: new SessionLock(session, paths, name, { ...standing, permits: maxPlaces }),
  };
}
