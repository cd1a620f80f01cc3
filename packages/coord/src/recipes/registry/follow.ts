import type { Session } from "../../client/api.ts";
import { endable } from "../endable.ts";
import { followChildren } from "../follow.ts";
import type { Instance, InstanceChange } from "./api.ts";
import { readInstance } from "./instance.ts";

/** What is followed. */
export interface FollowedService {
  readonly name: string;
  /** Of the service's node. */
  readonly path: string;
  readonly fits: (instance: Instance) => boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * The set now, as of some moment after the call, then every change of it. Ends when the signal fires or the session is
 * closed; outlasts a missing quorum.
 * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
 */
export function follow(
  session: Session,
  service: FollowedService,
): AsyncGenerator<InstanceChange, void, undefined> {
  return endable(service.signal, (signal) => changes(session, { ...service, signal }));
}

async function* changes(
  session: Session,
  { name, path, fits, signal }: FollowedService,
): AsyncGenerator<InstanceChange, void, undefined> {
  const read = (id: string, node: Parameters<typeof readInstance>[2]): Instance | null => {
    const instance = readInstance(name, id, node);
    return instance !== null && fits(instance) ? instance : null;
  };
  for await (const change of followChildren(session, { path, read, signal })) {
    const { all, added, changed, removed } = change;
    yield { instances: all, added, changed, removed };
  }
}
