import type { Membership } from "@flotilla/coord/client";
import { CommandError } from "./failure.ts";

/** @throws CommandError `ERR_FLOTILLA_NOT_FOUND` when there is no such member */
export function requireMember(membership: Membership, id: string): Membership {
  if (membership.members.some((member) => member.id === id)) return membership;
  throw new CommandError(
    "ERR_FLOTILLA_NOT_FOUND",
    `${id} is no member of the cluster`,
    "Name one that flotilla members ls lists.",
  );
}
