import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { notFound } from "../cli/values.ts";

/** `flotilla du [PATH]` */
export function duCommand(context: Context): Command {
  const command = new Command("du")
    .description("count a node and everything below it, and the bytes of their values")
    .argument("[path]", "default: /", "/");
  return addClientOptions(command).action(async (path: string, flags: ClientFlags) => {
    const usage = await withSession(context, flags, (session) => session.usage(path));
    if (usage === null) throw notFound(path);
    if (flags.json) context.out.json({ path, ...usage });
    else context.out.line(`${path}: ${usage.nodes} nodes, ${usage.bytes} bytes`);
  });
}
