import type { Codec, DeadLetter, DeadLetters, QueueReport } from "@flotilla/coord/client";
import { type Coord, FlotillaError } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { type Listing, listingCommand } from "../cli/listing.ts";
import { jsonValue, since } from "../cli/values.ts";

const queues: Listing<QueueReport> = {
  plural: "queues",
  folder: "/queue",
  read: (coord, name) => coord.queue(name).inspect(),
  head: ["QUEUE", "ITEMS", "DEAD", "TAKERS", "DISPATCHER"],
  row: ({ name, size, dead, takers, dispatcher }) => [
    name,
    String(size),
    String(dead),
    String(takers.length),
    dispatcher ?? "-",
  ],
  headOfOne: ["TAKER", "WANTS"],
  rowsOfOne: ({ takers }) => takers.map(({ id, wants }) => [id, String(wants)]),
};

/** What items hold is the apps' affair. */
const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };

/** `flotilla queues`: how much waits, who takes, and what nobody managed to work on. */
export function queuesCommand(context: Context): Command {
  const description = "show the queues and who takes from them, or put dead letters back";
  return listingCommand(context, description, queues)
    .addCommand(deadCommand(context))
    .addCommand(requeueCommand(context));
}

function deadLettersOf(coord: Coord, name: string): DeadLetters<Uint8Array> {
  return coord.queue(name, { codec: bytes }).deadLetters;
}

function deadCommand(context: Context): Command {
  const command = new Command("dead").description("list the dead letters of a queue").argument("<name>");
  return addClientOptions(command).action(async (name: string, flags: ClientFlags) => {
    const letters = await withCoord(context, flags, (coord) => allOf(deadLettersOf(coord, name)));
    const told = letters.map(({ id, value, sinceMs }) => ({ id, sinceMs, ...jsonValue(value) }));
    if (flags.json) context.out.json({ name, letters: told });
    else
      context.out.table(
        ["ITEM", "SINCE", "VALUE"],
        told.map(({ id, sinceMs, value }) => [id, since(sinceMs), value]),
      );
  });
}

async function allOf(letters: DeadLetters<Uint8Array>): Promise<readonly DeadLetter<Uint8Array>[]> {
  const found: DeadLetter<Uint8Array>[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await letters.list({ limit: 1_000, ...(last === undefined ? {} : { after: last.id }) });
    found.push(...page);
    if (page.length < 1_000) return found;
  }
}

function requeueCommand(context: Context): Command {
  const command = new Command("requeue")
    .description("put a dead letter back, behind what waits")
    .argument("<name>")
    .argument("<item>");
  return addClientOptions(command).action(async (name: string, id: string, flags: ClientFlags) => {
    const isBack = await withCoord(context, flags, (coord) => deadLettersOf(coord, name).requeue(id));
    if (!isBack) throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `${name} has no dead letter ${id}`);
    if (flags.json) context.out.json({ name, id, requeued: true });
    else context.out.line(`${id} is in ${name} again`);
  });
}
