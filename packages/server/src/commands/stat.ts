import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { asOf, notFound, revisionOption, statRows } from "../cli/values.ts";
import type { RevisionFlag } from "../cli/values.ts";

/** `flotilla stat PATH` */
export function statCommand(context: Context): Command {
  return addClientOptions(
    new Command("stat")
      .description("print what is known of a node")
      .argument("<path>")
      .option(...revisionOption),
  ).action(async (path: string, flags: ClientFlags & RevisionFlag) => {
    const options = asOf(flags);
    const stat = await withSession(context, flags, (session) => session.exists(path, options));
    if (stat === null) throw notFound(path);
    if (flags.json) context.out.json({ path, stat });
    else context.out.table([], statRows(stat));
  });
}
