import type { Membership } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { requireMember } from "../cli/known-member.ts";

/** `flotilla members`: who belongs to the cluster. */
export function membersCommand(context: Context): Command {
  const command = new Command("members").description("show and change who belongs to the cluster");
  for (const make of [lsCommand, addCommand, promoteCommand, demoteCommand, moveCommand, removeCommand])
    command.addCommand(make(context));
  return command;
}

function lsCommand(context: Context): Command {
  const command = new Command("ls").description("list the members, as the leader knows them");
  return addClientOptions(command).action(async (flags: ClientFlags) => {
    tell(context, await (await adminOf(context, flags)).members.list(), flags);
  });
}

interface AddFlags extends ClientFlags {
  readonly learner?: true;
}

function addCommand(context: Context): Command {
  const command = new Command("add")
    .description("add the node that waits at an address (serve --join); it votes once it has caught up")
    .argument("<member>", "host:port, or id=host:port to be sure who answers there")
    .option("--learner", "let it follow without a vote");
  return addClientOptions(command).action(async (member: string, flags: AddFlags) => {
    const { members } = await adminOf(context, flags);
    const { id, address } = newcomer(member);
    const options = { learner: flags.learner ?? false, ...(id === undefined ? {} : { id }) };
    tell(context, await members.add(address, options), flags);
  });
}

function newcomer(text: string): { readonly id: string | undefined; readonly address: string } {
  const [first, second, ...rest] = text.split("=");
  if (first !== undefined && second === undefined) return { id: undefined, address: first };
  if (first !== undefined && first !== "" && second !== undefined && rest.length === 0)
    return { id: first, address: second };
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "expected host:port or id=host:port");
}

function promoteCommand(context: Context): Command {
  const command = new Command("promote").description("give a learner a vote").argument("<id>");
  return addClientOptions(command).action(async (id: string, flags: ClientFlags) => {
    tell(context, await (await adminOf(context, flags)).members.promote(id), flags);
  });
}

type DestructiveFlags = ClientFlags & ConfirmFlags;

function demoteCommand(context: Context): Command {
  const command = new Command("demote")
    .description("take a member's vote; it goes on following")
    .argument("<id>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (id: string, flags: DestructiveFlags) => {
    const { members } = await adminOf(context, flags);
    const before = requireMember(await members.list(), id);
    await confirm(context, `${id} loses its vote. ${afterwards(before, id)}`, flags);
    tell(context, await members.demote(id), flags);
  });
}

interface MoveFlags extends ClientFlags {
  readonly force?: true;
}

function moveCommand(context: Context): Command {
  const command = new Command("move")
    .description("reach a member at another address from now on")
    .argument("<id>")
    .argument("<host:port>")
    .option("--force", "also where it does not answer yet");
  return addClientOptions(command).action(async (id: string, address: string, flags: MoveFlags) => {
    const { members } = await adminOf(context, flags);
    tell(context, await members.move(id, address, { force: flags.force ?? false }), flags);
  });
}

function removeCommand(context: Context): Command {
  const command = new Command("remove")
    .description("take a member out of the cluster, also one that is gone for good")
    .argument("<id>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (id: string, flags: DestructiveFlags) => {
    const { members } = await adminOf(context, flags);
    const before = requireMember(await members.list(), id);
    const warning = `${id} is taken out of the cluster, and its data can never come back to it. ${afterwards(before, id)}`;
    await confirm(context, warning, flags);
    tell(context, await members.remove(id), flags);
  });
}

/** What a cluster without this vote can stand. */
function afterwards({ members }: Membership, id: string): string {
  const voters = members.filter((member) => member.role === "voter" && member.id !== id).length;
  const spare = Math.max(0, voters - (Math.floor(voters / 2) + 1));
  return `${voters} voters remain, of which ${spare} may be lost.`;
}

function tell({ out }: Context, membership: Membership, { json }: ClientFlags): void {
  if (json) {
    out.json(membership);
    return;
  }
  out.table(
    ["ID", "ADDRESS", "ROLE", "INCARNATION"],
    membership.members.map(({ id, address, role, promote, incarnation }) => [
      id,
      address,
      promote ? `${role}, to vote` : role,
      incarnation,
    ]),
  );
}
