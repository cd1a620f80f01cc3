import type { Session, Watch, WatchBookmark, WatchEvent, WatchOptions } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { forPeople, forPrograms } from "./watch-lines.ts";

interface WatchFlags extends ClientFlags {
  readonly recursive?: true;
  readonly children?: true;
  readonly initial?: true;
  readonly from?: string;
  readonly type?: string;
  readonly names?: string;
  readonly values: boolean;
  readonly previous?: true;
  readonly once?: true;
  readonly bookmarks?: true;
}

const types = ["created", "changed", "deleted"] as const;

/** `flotilla watch PATH`, until Ctrl-C. */
export function watchCommand(context: Context): Command {
  const command = new Command("watch")
    .description("print changes as they happen, until Ctrl-C")
    .argument("<path>")
    .option("-R, --recursive", "the node and everything below it")
    .option("--children", "only children that come and go")
    .option("--initial", "begin with what is there")
    .option("--from <revision>", "begin with what changed after it")
    .option("--type <types>", `only these, of ${types.join(",")}`)
    .option("--names <pattern>", "only nodes below of such a name, such as worker-*")
    .option("--no-values", "without values")
    .option("--previous", "with what was there before each change")
    .option("--once", "end after the first one")
    .option("--bookmarks", "say from time to time how far it came");
  return addClientOptions(command).action(async (path: string, flags: WatchFlags) => {
    const options = optionsOf(context, flags);
    await withSession(context, flags, async (session) => {
      const watch = await open(session, path, options, flags);
      context.out.note(`watching ${path}`);
      for await (const event of watch) {
        if (flags.json) context.out.json(forPrograms(event, flags.values ? "values" : "no values"));
        else for (const line of forPeople(event)) context.out.line(line);
      }
    });
  });
}

function open(
  session: Session,
  path: string,
  options: WatchOptions,
  { bookmarks }: WatchFlags,
): Promise<Watch<WatchEvent | WatchBookmark>> {
  return bookmarks ? session.watch(path, { ...options, bookmarks }) : session.watch(path, options);
}

function optionsOf(context: Context, flags: WatchFlags): WatchOptions {
  const { from, type, names, values } = flags;
  return {
    kind: flags.recursive ? "recursive" : flags.children ? "children" : "data",
    initial: flags.initial ?? false,
    ...(from === undefined ? {} : { from: revisionOf(from) }),
    filter: {
      ...(type === undefined ? {} : { types: type.split(",").map(typeOf) }),
      ...(names === undefined ? {} : { names }),
    },
    values,
    previous: flags.previous ?? false,
    once: flags.once ?? false,
    signal: context.stop,
  };
}

function typeOf(text: string): (typeof types)[number] {
  return types.find((type) => type === text) ?? bad(`--type: expected some of ${types.join(",")}`);
}

function revisionOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : bad("--from: expected a revision, a whole number");
}

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
