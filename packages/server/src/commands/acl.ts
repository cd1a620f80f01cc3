import { Command } from "commander";
import { aclEntryText, parseAcl } from "../cli/acl-text.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { notFound, parseCount } from "../cli/values.ts";

/** `flotilla acl`: who may do what with a node. */
export function aclCommand(context: Context): Command {
  const command = new Command("acl").description("show who may do what with a node, or change it");
  for (const make of [getCommand, setCommand]) command.addCommand(make(context));
  return command;
}

function getCommand(context: Context): Command {
  const command = new Command("get").description("print the access list of a node").argument("<path>");
  return addClientOptions(command).action(async (path: string, flags: ClientFlags) => {
    const found = await withSession(context, flags, (session) => session.getAcl(path));
    if (found === null) throw notFound(path);
    const { acl, stat } = found;
    if (flags.json) context.out.json({ path, acl, aversion: stat.aversion });
    else for (const entry of acl) context.out.line(aclEntryText(entry));
  });
}

interface SetFlags extends ClientFlags {
  readonly ifVersion?: string;
}

function setCommand(context: Context): Command {
  const command = new Command("set")
    .description("put another access list in its place")
    .argument("<path>")
    .argument("<acl>", "scheme:id:cdrwa,… such as auth::cdrwa,world:anyone:r")
    .option("--if-version <n>", "only if the list is at this version");
  return addClientOptions(command).action(async (path: string, text: string, flags: SetFlags) => {
    const acl = parseAcl(text);
    const options =
      flags.ifVersion === undefined ? {} : { aversion: parseCount(flags.ifVersion, "--if-version") };
    const stat = await withSession(context, flags, (session) => session.setAcl(path, acl, options));
    if (flags.json) context.out.json({ path, stat });
    else context.out.line(`${path} has version ${stat.aversion} of its access list`);
  });
}
