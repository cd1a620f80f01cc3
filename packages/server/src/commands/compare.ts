import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";

/** `flotilla compare`: whether all members hold the same. */
export function compareCommand(context: Context): Command {
  const command = new Command("compare").description(
    "compare what all members hold after the same number of commands",
  );
  return addClientOptions(command).action(async (flags: ClientFlags) => {
    const found = await (await adminOf(context, flags)).compare();
    const { commands, members, agree } = found;
    if (flags.json) context.out.json(found);
    else {
      context.out.table(
        ["ID", "ADDRESS", "DIGEST"],
        members.map(({ id, address, digest }) => [id, address, digest ?? "-"]),
      );
    }
    if (commands === null)
      throw new FlotillaError(
        "ERR_FLOTILLA_TIMEOUT",
        "the members were not seen after the same number of commands: try a longer --timeout",
      );
    if (!agree)
      throw new FlotillaError("ERR_FLOTILLA_DIVERGED", `the members differ after ${commands} commands`);
    const silent = members.filter(({ digest }) => digest === null).length;
    if (!flags.json)
      context.out.line(
        `the same after ${commands} commands${silent === 0 ? "" : `; ${silent} did not answer`}`,
      );
  });
}
