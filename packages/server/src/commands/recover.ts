import type * as coord from "@flotilla/coord";
import type { DataReport } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { Command, Option } from "commander";
import { jsonOption } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";

interface RecoverFlags extends ConfirmFlags {
  readonly dataDir: string;
  readonly id?: string;
  readonly cluster?: string;
  readonly forceNewCluster?: true;
  readonly skipEntry?: string;
  readonly json?: true;
}

type Whole = Extract<DataReport, { type: "whole" }>;
type Coord = Pick<typeof coord, "findPoison" | "forceNewCluster" | "inspectData" | "skipEntry">;

/** `flotilla recover`: work on the data of a stopped member, when the cluster cannot help itself. */
export function recoverCommand(context: Context): Command {
  return new Command("recover")
    .description("look at, or rescue, the data of a stopped member")
    .requiredOption("--data-dir <dir>", "where its data lives")
    .option("--id <id>", "whose data it must be")
    .option("--cluster <name>", "of which cluster it must be")
    .addOption(
      new Option(
        "--force-new-cluster",
        "make a cluster of this member alone, once a majority is gone for good",
      ).conflicts("skipEntry"),
    )
    .option("--skip-entry <index>", "pass over the entry that stops every member; do it at each of them")
    .addOption(yesOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nWithout --force-new-cluster or --skip-entry it only says what is there.")
    .action(async (flags: RecoverFlags) => {
      // Loaded only here: clients do without the database.
      const loaded = await import("@flotilla/coord");
      if (flags.forceNewCluster) await force(context, loaded, flags);
      else if (flags.skipEntry === undefined) await show(context, loaded, flags);
      else await skip(context, loaded, flags, parseIndex(flags.skipEntry));
    });
}

function placeOf({ dataDir, id, cluster }: RecoverFlags): { dataDir: string; id?: string; cluster?: string } {
  return { dataDir, ...(id === undefined ? {} : { id }), ...(cluster === undefined ? {} : { cluster }) };
}

/** @throws FlotillaError unless there is data that can be trusted */
async function requireWhole({ inspectData }: Coord, flags: RecoverFlags): Promise<Whole> {
  const report = await inspectData(placeOf(flags));
  if (report.type === "whole") return report;
  if (report.type !== "absent") throw report.error;
  throw new CommandError(
    "ERR_FLOTILLA_NOT_FOUND",
    `there is no data of a member in ${flags.dataDir}`,
    "Name the directory that the member was served from.",
  );
}

async function show({ out }: Context, loaded: Coord, flags: RecoverFlags): Promise<void> {
  const report = await requireWhole(loaded, flags);
  const poison = await loaded.findPoison(placeOf(flags));
  const stops =
    poison === null ? null : { index: poison.index, term: poison.term, error: String(poison.error) };
  const { type: _type, ...facts } = report;
  if (flags.json) {
    out.json({ ...facts, stops });
    return;
  }
  out.line(logText(report));
  out.line(`members: ${idsOf(report).join(", ")}`);
  if (stops !== null) out.line(`entry ${stops.index} of term ${stops.term} stops it: ${stops.error}`);
}

function idsOf({ configuration: { voters, outgoing, learners } }: Whole): string[] {
  const ids = [...voters, ...outgoing, ...learners].map(({ id }) => id);
  return [...new Set(ids)].toSorted();
}

function logText({ id, cluster, last, commit }: Whole): string {
  return `${id} of cluster ${cluster}: the log ends at entry ${last.index} of term ${last.term}; committed at least up to ${commit}`;
}

async function force(context: Context, loaded: Coord, flags: RecoverFlags): Promise<void> {
  const report = await requireWhole(loaded, flags);
  await confirm(context, warningOf(report), flags);
  const { id, historyId, without } = await loaded.forceNewCluster(placeOf(flags));
  if (flags.json) {
    context.out.json({ id, historyId, without });
    return;
  }
  context.out.line(
    `${id} is a cluster of its own now, with history ${historyId}. Start it with flotilla serve.`,
  );
  if (without.length > 0)
    context.out.line(
      `Empty the data directories of ${without.join(", ")}, and have them join: serve --join.`,
    );
}

function warningOf(report: Whole): string {
  const { id, last, commit } = report;
  const others = idsOf(report).filter((member) => member !== id);
  const doubtful =
    last.index > commit
      ? `Entries ${commit + 1} to ${last.index} may never have been acknowledged, and will count. `
      : "";
  return [
    `${logText(report)}.`,
    `${doubtful}What was acknowledged and is not in this log is lost: whatever ${others.join(", ") || "nobody"} has alone.`,
    `A new history begins, with ${id} as its only member; all sessions end. Make sure that the others never run again with`,
    "their old data, and that the longest session TTL has passed since they stopped.",
  ].join("\n");
}

async function skip(context: Context, loaded: Coord, flags: RecoverFlags, index: number): Promise<void> {
  const report = await requireWhole(loaded, flags);
  const warning = `Entry ${index} will have no effect at ${report.id}. Every member must pass over it alike, with the same version: otherwise they differ for ever.`;
  await confirm(context, warning, flags);
  const { term, isCommitted } = await loaded.skipEntry(placeOf(flags), index);
  if (flags.json) context.out.json({ id: report.id, index, term, isCommitted });
  else
    context.out.line(`${report.id} passes over entry ${index} of term ${term}. Do the same at every member.`);
}

function parseIndex(text: string): number {
  const index = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(index) && index > 0) return index;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "--skip-entry: expected the index of an entry");
}
