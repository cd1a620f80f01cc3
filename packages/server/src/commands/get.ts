import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { jsonNode, notFound } from "../cli/values.ts";

/** `flotilla get PATH` */
export function getCommand(context: Context): Command {
  return addClientOptions(
    new Command("get").description("print the value of a node").argument("<path>"),
  ).action(async (path: string, flags: ClientFlags) => {
    const node = await withSession(context, flags, (session) => session.get(path));
    if (node === null) throw notFound(path);
    if (flags.json) context.out.json(jsonNode(path, node));
    else context.out.bytes(node.value);
  });
}
