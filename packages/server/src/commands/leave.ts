import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { requireMember } from "../cli/known-member.ts";

/** `flotilla leave ID` */
export function leaveCommand(context: Context): Command {
  const command = new Command("leave")
    .description("have a running member leave the cluster and stop; a leader hands over first")
    .argument("<id>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (id: string, flags: ClientFlags & ConfirmFlags) => {
    const admin = await adminOf(context, flags);
    requireMember(await admin.members.list(), id);
    await confirm(context, `${id} leaves the cluster, and its data can never come back to it.`, flags);
    await admin.leave(id);
    if (flags.json) context.out.json({ id, left: true });
    else context.out.line(`${id} left the cluster`);
  });
}
