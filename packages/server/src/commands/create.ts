import type { Session, Written } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { parseAcl } from "../cli/acl-text.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import type { FenceFlag } from "../cli/values.ts";
import { fenceOf, fenceOption, parseTtl, readValue } from "../cli/values.ts";

interface CreateFlags extends ClientFlags, FenceFlag {
  readonly ephemeral?: true;
  readonly sequential?: true;
  readonly container?: true;
  readonly ttl?: string;
  readonly acl?: string;
  readonly file?: string;
}

/** `flotilla create PATH [VALUE]`; an ephemeral node stays until the command is stopped. */
export function createCommand(context: Context): Command {
  const command = new Command("create")
    .description("make a node; an ephemeral one stays until Ctrl-C")
    .argument("<path>")
    .argument("[value]")
    .option("-e, --ephemeral", "ends with this command")
    .option("-s, --sequential", "append the parent's counter to the name")
    .option("-c, --container", "goes away some time after its last child did")
    .option(
      "-t, --ttl <duration>",
      "goes away once it has no children and was not set for so long, such as 90s",
    )
    .option("--acl <list>", "who may do what with it: scheme:id:cdrwa,… such as auth::cdrwa")
    .addOption(fenceOption())
    .option("--file <file>", "take the value from a file; - is standard input");
  return addClientOptions(command).action(
    async (path: string, value: string | undefined, flags: CreateFlags) => {
      const given = flags.file === undefined ? (value ?? "") : value;
      const bytes = await readValue({ value: given, file: flags.file });
      const { ephemeral = false, sequential = false, container = false } = flags;
      const ttl = flags.ttl === undefined ? {} : { ttlMs: parseTtl(flags.ttl) };
      const acl = flags.acl === undefined ? {} : { acl: parseAcl(flags.acl) };
      const fence = fenceOf(flags);
      await withSession(context, flags, async (session) => {
        const kind = { ephemeral, sequential, container, ...ttl, ...fence };
        const written = await session.create(path, bytes, { ...kind, ...acl });
        tell(context, written, flags);
        if (ephemeral) await hold(context, session, written);
      });
    },
  );
}

function tell({ out }: Context, written: Written, flags: CreateFlags): void {
  if (flags.json) out.json(written);
  else out.line(`${written.path} created at revision ${written.revision}`);
}

/** @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` */
async function hold({ out, stop }: Context, session: Session, { path }: Written): Promise<void> {
  out.note(`${path} stays until Ctrl-C`);
  await new Promise<void>((resolve) => {
    for (const signal of [stop, session.signal]) {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
  if (!stop.aborted)
    throw new FlotillaError("ERR_FLOTILLA_SESSION_EXPIRED", `the session ended, and ${path} with it`);
}
