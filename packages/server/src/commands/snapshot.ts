import { createReadStream } from "node:fs";
import type { Backup, BackupFacts } from "@flotilla/coord/client";
import { openBackup } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, jsonOption } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";
import { printable } from "../cli/printable.ts";
import { jsonNode } from "../cli/values.ts";
import { destinationOf, writeWhole } from "../cli/written-file.ts";

/** `flotilla snapshot`: backups of a cluster, and clusters made of them. */
export function snapshotCommand(context: Context): Command {
  const command = new Command("snapshot").description("back up a cluster, look at a backup, restore it");
  for (const make of [saveCommand, inspectCommand, restoreCommand]) command.addCommand(make(context));
  return command;
}

function saveCommand(context: Context): Command {
  const command = new Command("save")
    .description("write everything that was acknowledged so far into a file, whole or not at all")
    .argument("<file>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (file: string, flags: ClientFlags & ConfirmFlags) => {
    const { path, isThere } = await destinationOf(file);
    if (isThere) await confirm(context, `${file} is replaced.`, flags);
    const admin = await adminOf(context, flags);
    const bytes = await writeWhole(path, admin.saveSnapshot());
    if (flags.json) context.out.json({ file, bytes });
    else context.out.line(`${file} holds ${bytes} bytes`);
  });
}

interface InspectFlags {
  readonly tree?: string;
  readonly json?: true;
}

function inspectCommand(context: Context): Command {
  return new Command("inspect")
    .description("prove that a backup is whole, and say what is in it")
    .argument("<file>")
    .option("--tree <path>", "list the nodes from there on as well")
    .addOption(jsonOption())
    .action(async (file: string, flags: InspectFlags) => {
      const backup = await opened(file);
      const nodes = flags.tree === undefined ? [] : requireNodes(backup, flags.tree);
      if (flags.json) {
        context.out.json(backup.facts);
        for (const { path, node } of nodes) context.out.json(jsonNode(path, node));
        return;
      }
      context.out.table([], rowsOf(backup.facts));
      for (const { path, node } of nodes) context.out.line(`${printable(path)}  ${node.value.length} bytes`);
    });
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`, `ERR_FLOTILLA_NOT_FOUND` */
function requireNodes(backup: Backup, path: string): ReturnType<Backup["nodes"]> {
  if (backup.nodes(path).next().done !== true) return backup.nodes(path);
  throw new CommandError(
    "ERR_FLOTILLA_NOT_FOUND",
    `there is no node ${path} in the backup`,
    "List what there is with --tree /.",
  );
}

function rowsOf(facts: BackupFacts): [string, string][] {
  const { cluster, historyId, index, term, revision, timeMs, featureLevel } = facts;
  return [
    ["format", String(facts.format)],
    ["cluster", cluster],
    ["history", historyId],
    ["taken", new Date(timeMs).toISOString()],
    ["entry", `${index}, taken in term ${term}`],
    ["revision", String(revision)],
    ["feature level", String(featureLevel)],
    ["nodes", String(facts.nodes)],
    ["sessions", String(facts.sessions)],
    ["leases", String(facts.leases)],
    ["bytes", String(facts.bytes)],
    ["digest", facts.digest],
  ];
}

interface RestoreFlags extends ConfirmFlags {
  readonly dataDir: string;
  readonly id: string;
  readonly advertise: string;
  readonly cluster?: string;
  readonly now?: true;
  readonly json?: true;
}

function restoreCommand(context: Context): Command {
  return new Command("restore")
    .description("make a cluster of one member of a backup; the others join it")
    .argument("<file>")
    .requiredOption("--data-dir <dir>", "where its data is to live; empty")
    .requiredOption("--id <id>", "of the first member")
    .requiredOption("--advertise <host:port>", "where the others will reach it")
    .option("--cluster <name>", "default: that of the backup")
    .option("--now", "make ephemeral nodes at once: only if no client of the cluster before runs")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((file: string, flags: RestoreFlags) => restore(context, file, flags));
}

async function restore(context: Context, file: string, flags: RestoreFlags): Promise<void> {
  // Loaded only here: clients do without the database.
  const { restoreBackup } = await import("@flotilla/coord");
  const { facts } = await opened(file);
  await confirm(context, warningOf(facts, flags), flags);
  const { dataDir, id, advertise: address, cluster = facts.cluster } = flags;
  const grace = flags.now ? { graceMs: 0 } : {};
  const asked = { dataDir, id, address, cluster, backup: read(file), ...grace };
  const restored = await restoreBackup(asked).catch((cause: unknown) => {
    // The backup itself has just proved to be whole.
    if (!FlotillaError.is(cause, "ERR_FLOTILLA_DAMAGED")) throw cause;
    const message = `there is damaged data in ${dataDir}: ${cause.message}`;
    throw new CommandError("ERR_FLOTILLA_EXISTS", message, "Give an empty directory.", { cause });
  });
  if (flags.json) {
    context.out.json({ ...restored, cluster });
    return;
  }
  context.out.line(
    `${id} is a cluster of its own now, ${cluster}, with history ${restored.historyId} from revision ${restored.revision} on.`,
  );
  const named = cluster === "flotilla" ? "" : ` --cluster ${cluster}`;
  context.out.line(
    `Start it with flotilla serve${named}, and let the others join it, with empty data directories: serve${named} --join ${address}.`,
  );
}

function warningOf({ cluster, timeMs, revision, nodes }: BackupFacts, { now }: RestoreFlags): string {
  const ephemeral =
    now === undefined
      ? "For two minutes after its start no ephemeral node is made, so no lock is granted that a client of before believes it holds."
      : "Ephemeral nodes are made at once: make sure that no client of the cluster before runs, as it may believe that it holds a lock.";
  return [
    `The backup holds ${nodes} nodes of cluster ${cluster} at revision ${revision}, of ${new Date(timeMs).toISOString()}. What was written later is lost.`,
    "A new history begins; all sessions and their ephemeral nodes end. Make sure that no member of the cluster before ever",
    `runs again. ${ephemeral}`,
  ].join("\n");
}

/** @throws CommandError `ERR_FLOTILLA_DAMAGED` when the file is no whole backup */
async function opened(file: string): ReturnType<typeof openBackup> {
  try {
    return await openBackup(read(file));
  } catch (cause) {
    if (!FlotillaError.is(cause, "ERR_FLOTILLA_DAMAGED")) throw cause;
    const hint = "The file is damaged, or no backup: take another one.";
    throw new CommandError("ERR_FLOTILLA_DAMAGED", `${file}: ${cause.message}`, hint, { cause });
  }
}

async function* read(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a file is read as bytes");
      yield chunk;
    }
  } catch (cause) {
    if (FlotillaError.is(cause)) throw cause;
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `cannot read ${file}`, { cause });
  }
}
