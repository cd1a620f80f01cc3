import type { Coord, LockReport } from "@flotilla/coord/client";
import { Command } from "commander";
import { forEachOf, recipesBelow } from "../cli/children.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { notFound, since } from "../cli/values.ts";

/** What can be locked, by the name of the node they all stand below. */
const kinds: Readonly<Record<string, (coord: Coord, name: string) => Promise<LockReport>>> = {
  lock: (coord, name) => coord.lock(name).inspect(),
  "read-write-lock": (coord, name) => coord.readWriteLock(name).write.inspect(),
  semaphore: (coord, name) => coord.semaphore(name, { permits: 1 }).inspect(),
};

interface NamedReport extends LockReport {
  readonly kind: string;
  readonly name: string;
}

/** `flotilla locks`: who holds what, and who waits for it. */
export function locksCommand(context: Context): Command {
  const command = new Command("locks")
    .description("show locks, read-write locks and semaphores; with a name, all who hold it or wait")
    .argument("[name]");
  return addClientOptions(command).action(async (name: string | undefined, flags: ClientFlags) => {
    const locks = await withCoord(context, flags, (coord) => reportsOf(coord, name));
    if (name !== undefined && locks.length === 0) throw notFound(`/lock/${name}`);
    if (flags.json) context.out.json({ locks });
    else if (name === undefined)
      context.out.table(["KIND", "NAME", "HELD BY", "EPOCH", "WAITING"], locks.map(rowOf));
    else context.out.table(["KIND", "WHO", "VALUE", "PERMITS", "EPOCH", "SINCE"], locks.flatMap(lineOf));
  });
}

async function reportsOf(coord: Coord, wanted: string | undefined): Promise<readonly NamedReport[]> {
  const found: NamedReport[] = [];
  for (const [kind, inspect] of Object.entries(kinds)) {
    const names = await recipesBelow(coord.session, `/${kind}`);
    const asked = names.filter((name) => wanted === undefined || name === wanted);
    const reports = await forEachOf(asked, (name) => inspect(coord, name));
    for (const [place, report] of reports.entries())
      found.push({ kind, name: asked[place] ?? "", ...report });
  }
  return found;
}

function rowOf({ kind, name, holders, waiters }: NamedReport): readonly string[] {
  const [first] = holders;
  const more = holders.length > 1 ? ` and ${holders.length - 1} more` : "";
  const held = first === undefined ? ["-", "-"] : [`${first.id}${more}`, String(first.epoch)];
  return [kind, name, ...held, String(waiters.length)];
}

function lineOf({ kind, holders, waiters }: NamedReport): readonly (readonly string[])[] {
  return [
    ...holders.map(({ id, value, permits, epoch, sinceMs }) => [
      kind,
      id,
      value,
      String(permits),
      String(epoch),
      since(sinceMs),
    ]),
    ...waiters.map(({ id, value, permits }) => [kind, id, value, String(permits), "-", "-"]),
  ];
}
