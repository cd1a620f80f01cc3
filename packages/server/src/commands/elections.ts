import type { CandidateInfo, LeaderInfo } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { type Listing, listingCommand } from "../cli/listing.ts";
import { since } from "../cli/values.ts";

interface ElectionReport {
  readonly leader: LeaderInfo | null;
  /** In line order, the leader first. */
  readonly candidates: readonly CandidateInfo[];
}

const elections: Listing<ElectionReport> = {
  plural: "elections",
  folder: "/election",
  read: async (coord, name) => {
    const election = coord.election(name);
    const [leader, candidates] = await Promise.all([election.leader(), election.candidates()]);
    return { leader, candidates };
  },
  head: ["ELECTION", "LEADER", "EPOCH", "SINCE", "WAITING"],
  row: ({ name, leader, candidates }) => {
    const waiting = candidates.length - (leader === null ? 0 : 1);
    if (leader === null) return [name, "-", "-", "-", String(waiting)];
    return [name, leader.id, String(leader.epoch), since(leader.sinceMs), String(Math.max(0, waiting))];
  },
  headOfOne: ["CANDIDATE", "VALUE", "PRIORITY", "EPOCH", "SINCE"],
  rowsOfOne: ({ leader, candidates }) =>
    candidates.map(({ id, value, priority }, place) => {
      const isLeader = place === 0 && id === leader?.id;
      const held = isLeader ? [String(leader.epoch), since(leader.sinceMs)] : ["-", "-"];
      return [id, value, String(priority), ...held];
    }),
};

/** `flotilla elections`: who leads what, who waits for it, and to have a leader give up. */
export function electionsCommand(context: Context): Command {
  const description = "show who leads and who waits, or have a leader give up";
  return listingCommand(context, description, elections).addCommand(evictCommand(context));
}

function evictCommand(context: Context): Command {
  const command = new Command("evict")
    .description("have the leader give up, so that whoever is next in line leads")
    .argument("<name>")
    .option("--force", "without asking it: its signal fires late, only its fence holds in time")
    .addOption(yesOption());
  return addClientOptions(command).action(
    async (name: string, flags: ClientFlags & ConfirmFlags & { readonly force?: true }) => {
      await confirm(context, `Whoever leads ${name} loses it.`, flags);
      const evicted = await withCoord(context, flags, (coord, { timeoutMs }) =>
        coord.election(name).evict({ timeoutMs, ...(flags.force ? { force: true } : {}) }),
      );
      if (flags.json) context.out.json({ name, evicted });
      else
        context.out.line(
          evicted === null ? `nobody led ${name}` : `${evicted} does not lead ${name} any more`,
        );
    },
  );
}
