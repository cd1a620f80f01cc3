import type { Session, SetOptions, Written } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import type { FenceFlag } from "../cli/values.ts";
import { fenceOf, fenceOption, parseCount, readValue } from "../cli/values.ts";

interface SetFlags extends ClientFlags, FenceFlag {
  readonly file?: string;
  readonly ifVersion?: string;
}

type Write = (session: Session, path: string, value: Uint8Array, options: SetOptions) => Promise<Written>;

/** `flotilla set PATH VALUE` */
export function setCommand(context: Context): Command {
  return writeCommand(context, "set", "change an existing node", (session, path, value, options) =>
    session.set(path, value, options),
  );
}

/** `flotilla put PATH VALUE` */
export function putCommand(context: Context): Command {
  return writeCommand(context, "put", "change a node, or make it", (session, path, value, options) =>
    session.put(path, value, options),
  );
}

function writeCommand(context: Context, name: string, description: string, write: Write): Command {
  const command = new Command(name)
    .description(description)
    .argument("<path>")
    .argument("[value]")
    .option("--file <file>", "take the value from a file; - is standard input")
    .option("--if-version <n>", "only at this version of the node")
    .addOption(fenceOption());
  return addClientOptions(command).action(
    async (path: string, value: string | undefined, flags: SetFlags) => {
      const bytes = await readValue({ value, file: flags.file });
      const version =
        flags.ifVersion === undefined ? {} : { version: parseCount(flags.ifVersion, "--if-version") };
      const options = { ...version, ...fenceOf(flags) };
      const written = await withSession(context, flags, (session) => write(session, path, bytes, options));
      if (flags.json) context.out.json(written);
      else
        context.out.line(
          `${written.path} is at version ${written.stat.version}, revision ${written.revision}`,
        );
    },
  );
}
