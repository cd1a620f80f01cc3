import type { GroupMember } from "@flotilla/coord/client";
import type { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { type Listing, listingCommand } from "../cli/listing.ts";
import { since } from "../cli/values.ts";

interface GroupReport {
  /** Sorted by id. */
  readonly members: readonly GroupMember[];
}

const groups: Listing<GroupReport> = {
  plural: "groups",
  folder: "/group",
  read: async (coord, name) => ({ members: await coord.group(name).members() }),
  head: ["GROUP", "MEMBERS"],
  row: ({ name, members }) => [name, String(members.length)],
  headOfOne: ["MEMBER", "JOINED", "SINCE", "META"],
  rowsOfOne: ({ members }) =>
    members.map(({ id, joined, sinceMs, meta }) => [
      id,
      String(joined),
      since(sinceMs),
      Object.entries(meta)
        .map(([key, value]) => `${key}=${value}`)
        .join(" "),
    ]),
};

/** `flotilla groups`: who is there. */
export function groupsCommand(context: Context): Command {
  return listingCommand(context, "show the groups and who is a member", groups);
}
