import { readFile } from "node:fs/promises";
import type { CheckItem, MultiItem } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { readAll } from "../cli/values.ts";

/** What the file holds; the session judges what is in the lists. */
interface Script {
  readonly if?: readonly CheckItem[];
  readonly do: readonly MultiItem[];
  readonly else?: readonly MultiItem[];
}

/** `flotilla multi FILE` */
export function multiCommand(context: Context): Command {
  const command = new Command("multi")
    .description("do several operations at once or none, as a JSON file says")
    .argument("<file>", '{ "if": [checks], "do": [operations], "else": [operations] }; - is standard input');
  return addClientOptions(command).action(async (file: string, flags: ClientFlags) => {
    const { do: items, ...branches } = await readScript(file);
    const done = await withSession(context, flags, (session) => session.multi(items, branches));
    if (flags.json) {
      context.out.json(done);
      return;
    }
    context.out.line(`${done.branch} done at revision ${done.revision}`);
    for (const { path } of done.results) context.out.line(path);
  });
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
async function readScript(file: string): Promise<Script> {
  try {
    const bytes = file === "-" ? await readAll(process.stdin) : await readFile(file);
    const script: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isScript(script)) return script;
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `cannot read ${file} as JSON`, { cause });
  }
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `${file}: expected an object with "do", a list`);
}

function isScript(value: unknown): value is Script {
  return typeof value === "object" && value !== null && Array.isArray(Reflect.get(value, "do"));
}
