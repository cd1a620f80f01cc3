import type { Session } from "@flotilla/coord/client";
import { deletePaged, FlotillaError } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import type { FenceFlag } from "../cli/values.ts";
import { fenceOf, fenceOption, notFound, parseCount } from "../cli/values.ts";

interface RmFlags extends ClientFlags, FenceFlag {
  readonly ifVersion?: string;
  readonly force?: true;
  readonly recursive?: true;
  readonly paged?: true;
}

/** `flotilla rm PATH` */
export function rmCommand(context: Context): Command {
  const command = new Command("rm")
    .description("delete a node, with -r everything below it too")
    .argument("<path>")
    .option("--if-version <n>", "only at this version of the node")
    .option("-r, --recursive", "all of it at once, up to 10,000 nodes")
    .option("--paged", "with -r: any number, bit by bit instead of at once")
    .option("--force", "also what another session guards, such as a place in an election")
    .addOption(fenceOption());
  return addClientOptions(command).action(async (path: string, flags: RmFlags) => {
    const remove = removalOf(path, flags);
    const deleted = await withSession(context, flags, remove);
    if (!deleted) throw notFound(path);
    if (flags.json) context.out.json({ path, deleted });
    else context.out.line(`${path} deleted`);
  });
}

/**
 * What to do with a session; it tells whether there was anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
function removalOf(path: string, flags: RmFlags): (session: Session) => Promise<boolean> {
  const { recursive = false, force = false, paged, ifVersion } = flags;
  const version = ifVersion === undefined ? {} : { version: parseCount(ifVersion, "--if-version") };
  const fence = fenceOf(flags);
  if (paged === undefined)
    return (session) => session.delete(path, { ...version, ...fence, force, recursive });
  if (!recursive || ifVersion !== undefined || flags.fence !== undefined)
    throw new FlotillaError(
      "ERR_FLOTILLA_BAD_ARGUMENT",
      "--paged: expected with -r and without --if-version and --fence",
    );
  return async (session) => {
    if ((await session.exists(path)) === null) return false;
    await deletePaged(session, path, { force });
    return true;
  };
}
