import type { QueueReport } from "@flotilla/coord/client";
import type { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { type Listing, listingCommand } from "../cli/listing.ts";

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

/** `flotilla queues`: how much waits, and who takes. */
export function queuesCommand(context: Context): Command {
  return listingCommand(context, "show the queues and who takes from them", queues);
}
