import type { KeeperStatus } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { addDetail, addListing, type Listing } from "../cli/listing.ts";
import { parseCount } from "../cli/values.ts";

const keepers: Listing<KeeperStatus> = {
  plural: "keepers",
  folder: "/keeper",
  read: (coord, name) => coord.keeper(name).status(),
  head: ["KEEPER", "REPLICAS", "RUNNING", "RESTARTS"],
  row: ({ name, replicas, slots }) => [
    name,
    String(replicas),
    String(slots.filter(({ state }) => state === "running").length),
    String(slots.reduce((sum, { restarts }) => sum + restarts, 0)),
  ],
  headOfOne: ["SLOT", "STATE", "OWNER", "VALUE", "EPOCH", "RESTARTS", "LAST END"],
  rowsOfOne: ({ slots }) =>
    slots.map(({ index, state, owner, restarts, lastEnd }) => [
      String(index),
      state,
      ...(owner === null ? ["-", "-", "-"] : [owner.id, owner.value, String(owner.epoch)]),
      String(restarts),
      lastEnd ?? "-",
    ]),
};

/** `flotilla keeper`: how the workers are that somebody keeps, and how many there are to be. */
export function keeperCommand(context: Context): Command {
  const ls = new Command("ls").description("list the keepers");
  const status = new Command("status").description("show each slot of a keeper, and its worker");
  return new Command("keeper")
    .description("show the workers that are kept, or say how many there are to be")
    .addCommand(addListing(ls, context, keepers))
    .addCommand(addDetail(status, context, keepers))
    .addCommand(scaleCommand(context));
}

function scaleCommand(context: Context): Command {
  const command = new Command("scale")
    .description("say how many workers there are to be")
    .argument("<name>")
    .argument("<replicas>", "0 to 4,096, or auto: as many as whoever keeps it says");
  return addClientOptions(command).action(async (name: string, count: string, flags: ClientFlags) => {
    const replicas = count === "auto" ? null : parseCount(count, "replicas");
    await withCoord(context, flags, (coord) => coord.keeper(name).scale(replicas));
    if (flags.json) context.out.json({ name, replicas });
    else context.out.line(replicas === null ? `${name} is not scaled` : `${name} has ${replicas} workers`);
  });
}
