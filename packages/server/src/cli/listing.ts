import type { Coord } from "@flotilla/coord/client";
import { Command } from "commander";
import { forEachOf, recipesBelow } from "./children.ts";
import type { ClientFlags } from "./client.ts";
import { addClientOptions, withCoord } from "./client.ts";
import type { Context } from "./context.ts";
import { notFound } from "./values.ts";

/** What was found under a name. */
export type Named<Report> = Report & { readonly name: string };

/** Of one kind of recipe: what there is of it in the cluster, and how it is told. */
export interface Listing<Report extends object> {
  /** Names all of them, also in JSON. */
  readonly plural: string;
  /** The node that they all stand below. */
  readonly folder: string;
  /** @param isOne whether rows of one are to be told, and not a row for each */
  readonly read: (coord: Coord, name: string, isOne: boolean) => Promise<Report>;
  /** A row for each of them. */
  readonly head: readonly string[];
  readonly row: (report: Named<Report>) => readonly string[];
  /** Rows of one. */
  readonly headOfOne: readonly string[];
  readonly rowsOfOne: (report: Named<Report>) => readonly (readonly string[])[];
}

/** `ls [name]`: all of them, or one by name. */
export function addListing<Report extends object>(
  command: Command,
  context: Context,
  listing: Listing<Report>,
): Command {
  command.argument("[name]");
  return addClientOptions(command).action((name: string | undefined, flags: ClientFlags) =>
    tell(context, listing, name, flags),
  );
}

/** A verb that tells of one by name. */
export function addDetail<Report extends object>(
  command: Command,
  context: Context,
  listing: Listing<Report>,
): Command {
  command.argument("<name>");
  return addClientOptions(command).action((name: string, flags: ClientFlags) =>
    tell(context, listing, name, flags),
  );
}

/** A command with nothing but `ls [name]`. */
export function listingCommand<Report extends object>(
  context: Context,
  description: string,
  listing: Listing<Report>,
): Command {
  const ls = new Command("ls").description(`list the ${listing.plural}; with a name, all about that one`);
  return new Command(listing.plural).description(description).addCommand(addListing(ls, context, listing));
}

async function tell<Report extends object>(
  context: Context,
  listing: Listing<Report>,
  name: string | undefined,
  flags: ClientFlags,
): Promise<void> {
  const { plural, head, row, headOfOne, rowsOfOne } = listing;
  const reports = await withCoord(context, flags, (coord) => reportsOf(coord, listing, name));
  if (flags.json) context.out.json({ [plural]: reports });
  else if (name === undefined) context.out.table(head, reports.map(row));
  else context.out.table(headOfOne, reports.flatMap(rowsOfOne));
}

/** @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when there is none of that name */
async function reportsOf<Report extends object>(
  coord: Coord,
  { folder, read }: Listing<Report>,
  wanted: string | undefined,
): Promise<readonly Named<Report>[]> {
  const names = await recipesBelow(coord.session, folder);
  if (wanted !== undefined && !names.includes(wanted)) throw notFound(`${folder}/${wanted}`);
  return forEachOf(wanted === undefined ? names : [wanted], async (name) => ({
    name,
    ...(await read(coord, name, wanted !== undefined)),
  }));
}
