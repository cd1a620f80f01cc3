import type { CandidateInfo, Coord, LeaderInfo } from "@flotilla/coord/client";
import { Command } from "commander";
import { forEachOf, recipesBelow } from "../cli/children.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { notFound, since } from "../cli/values.ts";

interface ElectionReport {
  readonly name: string;
  readonly leader: LeaderInfo | null;
  /** In line order, the leader first. */
  readonly candidates: readonly CandidateInfo[];
}

/** `flotilla elections`: who leads what, who waits for it, and to have a leader give up. */
export function electionsCommand(context: Context): Command {
  const command = new Command("elections").description(
    "show who leads and who waits, or have a leader give up",
  );
  for (const make of [lsCommand, evictCommand]) command.addCommand(make(context));
  return command;
}

function lsCommand(context: Context): Command {
  const command = new Command("ls")
    .description("list the elections; with a name, everybody in line for that one")
    .argument("[name]");
  return addClientOptions(command).action(async (name: string | undefined, flags: ClientFlags) => {
    const elections = await withCoord(context, flags, (coord) => reportsOf(coord, name));
    if (flags.json) context.out.json({ elections });
    else if (name === undefined)
      context.out.table(["ELECTION", "LEADER", "EPOCH", "SINCE", "WAITING"], elections.map(rowOf));
    else context.out.table(["CANDIDATE", "VALUE", "PRIORITY", "EPOCH", "SINCE"], elections.flatMap(lineOf));
  });
}

async function reportsOf(coord: Coord, name: string | undefined): Promise<readonly ElectionReport[]> {
  const all = await recipesBelow(coord.session, "/election");
  if (name !== undefined && !all.includes(name)) throw notFound(`/election/${name}`);
  return forEachOf(name === undefined ? all : [name], async (each) => {
    const election = coord.election(each);
    const [leader, candidates] = await Promise.all([election.leader(), election.candidates()]);
    return { name: each, leader, candidates };
  });
}

function rowOf({ name, leader, candidates }: ElectionReport): readonly string[] {
  const waiting = candidates.length - (leader === null ? 0 : 1);
  if (leader === null) return [name, "-", "-", "-", String(waiting)];
  return [name, leader.id, String(leader.epoch), since(leader.sinceMs), String(Math.max(0, waiting))];
}

function lineOf({ leader, candidates }: ElectionReport): readonly (readonly string[])[] {
  return candidates.map(({ id, value, priority }, place) => {
    const isLeader = place === 0 && id === leader?.id;
    const held = isLeader ? [String(leader.epoch), since(leader.sinceMs)] : ["-", "-"];
    return [id, value, String(priority), ...held];
  });
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
