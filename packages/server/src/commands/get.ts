import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { asOf, jsonNode, notFound, revisionOption } from "../cli/values.ts";
import type { RevisionFlag } from "../cli/values.ts";

/** `flotilla get PATH` */
export function getCommand(context: Context): Command {
  return addClientOptions(
    new Command("get")
      .description("print the value of a node")
      .argument("<path>")
      .option(...revisionOption),
  ).action(async (path: string, flags: ClientFlags & RevisionFlag) => {
    const options = asOf(flags);
    const node = await withSession(context, flags, (session) => session.get(path, options));
    if (node === null) throw notFound(path);
    if (flags.json) context.out.json(jsonNode(path, node));
    else context.out.bytes(node.value);
  });
}
