import { FlotillaError } from "@flotilla/runtime";
import type { Session, WriteOptions } from "../client/api.ts";
import { ensurePath } from "./names.ts";
import { withParent } from "./with-parent.ts";

/**
 * Adds to the number at a path, whose parent is made when it is absent. One command: a session has each take effect once.
 * @throws FlotillaError what `Session.add` throws
 */
export async function addAt(
  session: Session,
  path: string,
  by: number,
  options: WriteOptions,
): Promise<number> {
  const parent = path.slice(0, path.lastIndexOf("/"));
  const added = await withParent(
    session.clock,
    options,
    (bounds) => ensurePath(session, parent, bounds),
    (bounds) => session.add(path, by, bounds),
  );
  return added.sum;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireInteger(value: number, what: string, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const message = `${what}: expected an integer from ${least} to ${most}, got ${String(value)}`;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
