import type { Config, ConfigVersion, Coord, StandardSchema } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withCoord } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { addDetail, addListing, type Listing } from "../cli/listing.ts";
import { notFound, parseCount, readValue, since } from "../cli/values.ts";

interface ConfigReport {
  /** The latest first; it alone in a listing. */
  readonly versions: readonly ConfigVersion<unknown>[];
}

/** Schemas are the apps': an operator sees what is stored. */
const anything: StandardSchema<unknown, unknown> = {
  "~standard": { version: 1, vendor: "flotilla", validate: (value) => ({ value }) },
};

/** Of those that are kept none is deleted: how many, the apps decide. */
function configOf(coord: Coord, name: string): Config<unknown> {
  return coord.config(name, { schema: anything, history: 1_000, by: "operator" });
}

const configs: Listing<ConfigReport> = {
  plural: "configs",
  folder: "/config",
  read: async (coord, name, isOne) => ({ versions: await versionsOf(configOf(coord, name), isOne) }),
  head: ["CONFIG", "VERSION", "BY", "AT", "NOTE"],
  row: ({ name, versions }) => [name, ...(versions[0] === undefined ? [] : rowOf(versions[0]))],
  headOfOne: ["VERSION", "BY", "AT", "NOTE"],
  rowsOfOne: ({ versions }) => versions.map(rowOf),
};

async function versionsOf(config: Config<unknown>, isOne: boolean): ReturnType<typeof config.history> {
  if (isOne) return config.history();
  const latest = await config.get().catch(noConfig);
  return latest === null ? [] : [latest];
}

/** What somebody else put there does not keep the others from being listed. */
function noConfig(error: unknown): null {
  if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_VALUE")) return null;
  throw error;
}

function rowOf({ version, by, atMs, note, restored }: ConfigVersion<unknown>): readonly string[] {
  const remark = restored === null ? note : `version ${restored} again ${note}`.trim();
  return [String(version), by, since(atMs), remark];
}

/** `flotilla config`: shared configurations and their versions, and to bring an earlier one back. */
export function configCommand(context: Context): Command {
  const ls = new Command("ls").description("list the shared configurations and their latest versions");
  const history = new Command("history").description("list the versions of a configuration that are kept");
  return new Command("config")
    .description("show shared configurations, write a version, or bring an earlier one back")
    .addCommand(addListing(ls, context, configs))
    .addCommand(getCommand(context))
    .addCommand(setCommand(context))
    .addCommand(addDetail(history, context, configs))
    .addCommand(diffCommand(context))
    .addCommand(rollbackCommand(context));
}

function getCommand(context: Context): Command {
  const command = new Command("get").description("print the latest version").argument("<name>");
  return addClientOptions(command).action(async (name: string, flags: ClientFlags) => {
    const latest = await withCoord(context, flags, (coord) => configOf(coord, name).get());
    if (latest === null) throw notFound(`/config/${name}`);
    if (flags.json) context.out.json({ name, ...latest });
    else context.out.line(JSON.stringify(latest.value, null, 2));
  });
}

interface SetFlags extends ClientFlags {
  readonly file?: string;
  readonly ifVersion?: string;
  readonly note?: string;
}

function setCommand(context: Context): Command {
  const command = new Command("set")
    .description("make JSON the next version; no schema judges it")
    .argument("<name>")
    .argument("[value]")
    .option("--file <file>", "take the value from a file; - is standard input")
    .option("--if-version <n>", "only as the next after this version; 0: only as the first")
    .option("--note <text>", "why");
  return addClientOptions(command).action(
    async (name: string, given: string | undefined, flags: SetFlags) => {
      const value = parseJson(await readValue({ value: given, file: flags.file }));
      const { ifVersion, note = "" } = flags;
      const version = ifVersion === undefined ? {} : { version: parseCount(ifVersion, "--if-version") };
      const next = await withCoord(context, flags, (coord) =>
        configOf(coord, name).set(value, { ...version, note }),
      );
      if (flags.json) context.out.json({ name, ...next });
      else context.out.line(`${name} is at version ${next.version}`);
    },
  );
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "the value is not JSON", { cause });
  }
}

function diffCommand(context: Context): Command {
  const command = new Command("diff")
    .description("show what differs between two versions that are kept")
    .argument("<name>")
    .argument("<from>")
    .argument("<to>");
  return addClientOptions(command).action(
    async (name: string, from: string, to: string, flags: ClientFlags) => {
      const versions = [parseCount(from, "from"), parseCount(to, "to")] as const;
      const differences = await withCoord(context, flags, (coord) => configOf(coord, name).diff(...versions));
      if (flags.json) context.out.json({ name, differences });
      else
        context.out.table(
          ["PLACE", "CHANGE", "BEFORE", "AFTER"],
          differences.map(({ path, type, before, after }) => [
            `/${path.join("/")}`,
            type,
            valueText(before),
            valueText(after),
          ]),
        );
    },
  );
}

function valueText(value: unknown): string {
  return value === undefined ? "-" : JSON.stringify(value);
}

function rollbackCommand(context: Context): Command {
  const command = new Command("rollback")
    .description("make an earlier version the next one; no schema judges it")
    .argument("<name>")
    .argument("<version>")
    .option("--note <text>", "why")
    .addOption(yesOption());
  return addClientOptions(command).action(
    async (name: string, text: string, flags: ClientFlags & ConfirmFlags & { readonly note?: string }) => {
      const version = parseCount(text, "version");
      await confirm(context, `All that follow ${name} get what version ${version} was.`, flags);
      const options = flags.note === undefined ? {} : { note: flags.note };
      const next = await withCoord(context, flags, (coord) =>
        configOf(coord, name).rollback(version, options),
      );
      if (flags.json) context.out.json({ name, ...next });
      else context.out.line(`${name} is at version ${next.version}, as version ${version} was`);
    },
  );
}
