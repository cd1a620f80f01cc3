import { prefixOf } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";

/** Children deleted at a time. */
const pageSize = 256;

/** For `deletePaged`; the bounds are those of each single call. */
export interface DeletePagedOptions extends CallOptions {
  /** Also other sessions' guarded nodes. Default false. */
  readonly force?: boolean;
}

/**
 * Deletes a node and everything below it, however much that is: in one revision while `delete` with `recursive` takes
 * it, else child by child. Not atomic then: others see it shrink, what is made below it meanwhile goes too, and an
 * error leaves the rest. Does nothing when there is no node.
 * @throws FlotillaError `ERR_FLOTILLA_HELD`, and what a write throws
 */
export async function deletePaged(
  session: Session,
  path: string,
  options: DeletePagedOptions = {},
): Promise<void> {
  while (!(await isGone(session, path, options))) {
    const page = await session.children(path, { ...options, limit: pageSize });
    const children = (page?.names ?? []).map((name) => prefixOf(path) + name);
    const gone = await Promise.all(children.map((child) => isGone(session, child, options)));
    for (const [at, child] of children.entries())
      if (gone[at] === false) await deletePaged(session, child, options);
  }
}

/** False when it is too much for one command. */
async function isGone(session: Session, path: string, options: DeletePagedOptions): Promise<boolean> {
  try {
    await session.delete(path, { ...options, recursive: true });
    return true;
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_LIMIT")) return false;
    throw error;
  }
}
