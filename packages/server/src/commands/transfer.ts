import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { requireMember } from "../cli/known-member.ts";

/** `flotilla transfer [ID]` */
export function transferCommand(context: Context): Command {
  const command = new Command("transfer")
    .description("hand leadership to another member")
    .argument("[id]", "the member to lead; without it the one whose log is closest");
  return addClientOptions(command).action(async (id: string | undefined, flags: ClientFlags) => {
    const admin = await adminOf(context, flags);
    if (id !== undefined) requireMember(await admin.members.list(), id);
    const leader = await admin.transfer(id);
    if (flags.json) context.out.json({ leader });
    else context.out.line(`${leader} leads`);
  });
}
