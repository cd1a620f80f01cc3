import type { PastOptions, Session, Stat } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { namesBelow } from "../cli/children.ts";
import { printable } from "../cli/printable.ts";
import { asOf, kindOf, notFound, revisionOption } from "../cli/values.ts";
import type { RevisionFlag } from "../cli/values.ts";

interface LsFlags extends ClientFlags, RevisionFlag {
  readonly long?: true;
}

const readsAtOnce = 64;

/** `flotilla ls [PATH]` */
export function lsCommand(context: Context): Command {
  const command = new Command("ls")
    .description("list the children of a node")
    .argument("[path]", "default: /", "/")
    .option("-l, --long", "with version, size and kind")
    .option(...revisionOption);
  return addClientOptions(command).action(async (path: string, flags: LsFlags) => {
    if (flags.long) return listLong(context, path, flags);
    const options = asOf(flags);
    const names = await withSession(context, flags, (session) => childrenOf(session, path, options));
    if (flags.json) context.out.json({ path, children: names });
    else for (const name of names) context.out.line(printable(name));
  });
}

async function listLong(context: Context, path: string, flags: LsFlags): Promise<void> {
  const options = asOf(flags);
  const children = await withSession(context, flags, async (session) =>
    statsOf(session, path, await childrenOf(session, path, options), options),
  );
  if (flags.json) {
    context.out.json({ path, children });
    return;
  }
  const rows = children.map(({ name, stat }) => [
    name,
    String(stat.version),
    String(stat.dataLength),
    String(stat.numChildren),
    kindOf(stat),
  ]);
  context.out.table(["NAME", "VERSION", "BYTES", "CHILDREN", "KIND"], rows);
}

async function childrenOf(session: Session, path: string, options: PastOptions): Promise<readonly string[]> {
  return (await namesBelow(session, path, options)) ?? notThere(path);
}

function notThere(path: string): never {
  throw notFound(path);
}

/** Children that go away meanwhile are left out. */
async function statsOf(
  session: Session,
  path: string,
  names: readonly string[],
  options: PastOptions,
): Promise<{ readonly name: string; readonly stat: Stat }[]> {
  const found: { readonly name: string; readonly stat: Stat }[] = [];
  for (let start = 0; start < names.length; start += readsAtOnce) {
    const batch = names.slice(start, start + readsAtOnce);
    const stats = await Promise.all(
      batch.map((name) => session.exists(path === "/" ? `/${name}` : `${path}/${name}`, options)),
    );
    for (const [i, name] of batch.entries()) {
      const stat = stats[i];
      if (stat !== undefined && stat !== null) found.push({ name, stat });
    }
  }
  return found;
}
