import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { notFound, parseVersion } from "../cli/values.ts";

interface RmFlags extends ClientFlags {
  readonly ifVersion?: string;
  readonly force?: true;
}

/** `flotilla rm PATH` */
export function rmCommand(context: Context): Command {
  const command = new Command("rm")
    .description("delete a node that has no children")
    .argument("<path>")
    .option("--if-version <n>", "only at this version of the node")
    .option("--force", "also what another session guards, such as a place in an election");
  return addClientOptions(command).action(async (path: string, flags: RmFlags) => {
    const options = {
      ...(flags.ifVersion === undefined ? {} : { version: parseVersion(flags.ifVersion) }),
      force: flags.force ?? false,
    };
    const deleted = await withSession(context, flags, (session) => session.delete(path, options));
    if (!deleted) throw notFound(path);
    if (flags.json) context.out.json({ path, deleted });
    else context.out.line(`${path} deleted`);
  });
}
