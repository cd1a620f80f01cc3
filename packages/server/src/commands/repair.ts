import type * as coord from "@flotilla/coord";
import type { DataReport } from "@flotilla/coord";
import type { Admin, MemberInfo, Membership } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { adminOf } from "../cli/admin.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, loadClientSettings, withSession } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";
import { clearData, discardAside, newestAside } from "../data-dir/aside.ts";

interface RepairFlags extends ClientFlags, ConfirmFlags {
  readonly rejoin: true;
  readonly dataDir: string;
  readonly id?: string;
  readonly advertise?: string;
  readonly discard?: true;
  readonly force?: true;
}

/** `flotilla repair --rejoin`: a member whose data is lost comes back with new data. */
export function repairCommand(context: Context): Command {
  const command = new Command("repair")
    .description("have a stopped member whose data is damaged or lost come back with new data")
    .requiredOption("--rejoin", "as somebody who joins anew, and votes once it has caught up")
    .requiredOption("--data-dir <dir>", "where its data lives")
    .option("--id <id>", "which member it is; needed when its data does not say so")
    .option("--advertise <host:port>", "where the others reach it; default: where they did")
    .option("--discard", "delete the old data instead of keeping it aside")
    .option("--force", "also when nothing is wrong with the data, or it may be whole")
    .addOption(yesOption());
  return addClientOptions(command).action((flags: RepairFlags) => repair(context, flags));
}

async function repair(context: Context, flags: RepairFlags): Promise<void> {
  // Loaded only here: clients do without the database.
  const { dataOwner, inspectData, makeJoiner } = await import("@flotilla/coord");
  const { dataDir } = flags;
  const { cluster } = await loadClientSettings(flags, context.env);
  const report = await inspectData({ dataDir, cluster, ...(flags.id === undefined ? {} : { id: flags.id }) });
  // That is put right here, whoever it is and whoever else is up.
  if (report.type === "unreadable" && remedyOf(report.error) !== undefined && !flags.force)
    throw unreadable(report.error);
  const id = requireId(flags.id ?? (await idOf(report, { dataDir, cluster }, dataOwner)), dataDir);
  const admin = await adminOf(context, flags);
  const membership = await withQuorum(async () => {
    const found = await admin.members.list();
    // A leader cut off just now does not know yet that it can change nothing: ask what takes a majority.
    await withSession(context, flags, (session) => session.get("/"));
    return found;
  });
  const known = membership.members.find((member) => member.id === id);
  const address = flags.advertise ?? known?.address;
  if (address === undefined) throw unknownMember(id);
  requireLoss(report, known, flags);
  if (known !== undefined && !flags.force) await requireDown(admin, known);

  await confirm(context, warningOf(id, report, membership, flags), flags);
  const aside = isFresh(report) ? null : await clearData(dataDir, flags.discard ? "discard" : "keep");
  const incarnation = await makeJoiner({ dataDir, id, cluster });
  if (flags.discard && aside !== null) await discardAside(aside);
  const learner = known?.role === "learner" && !known.promote;
  await admin.members.admit({ id, address, incarnation }, { learner, replace: true });
  tell(context, { id, incarnation, aside: flags.discard ? null : aside }, flags);
}

/** Whose data it is, or was when a repair of it was cut short. */
async function idOf(
  report: DataReport,
  { dataDir, cluster }: { readonly dataDir: string; readonly cluster: string },
  dataOwner: typeof coord.dataOwner,
): Promise<string | null> {
  if (report.type !== "absent") return report.id;
  for (const folder of [dataDir, await newestAside(dataDir)]) {
    const owner = folder === null ? null : await dataOwner({ dataDir: folder }).catch(nobody);
    if (owner?.cluster === cluster) return owner.id;
  }
  return null;
}

function requireId(id: string | null, dataDir: string): string {
  if (id !== null) return id;
  throw new CommandError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `the data in ${dataDir} does not say whose it is`,
    "Name the member with --id.",
  );
}

/** Why nobody could be asked that leads, with what is to be said of it. */
const lackOfQuorum: Readonly<Partial<Record<FlotillaError["code"], string>>> = {
  ERR_FLOTILLA_DAMAGED: "only damaged ones answer",
  ERR_FLOTILLA_NO_QUORUM: "nobody leads",
  ERR_FLOTILLA_UNREACHABLE: "none answers",
};

/** Replacing a member is a change of the membership, which a majority decides. */
async function withQuorum<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const lack = FlotillaError.is(error) ? lackOfQuorum[error.code] : undefined;
    if (!FlotillaError.is(error) || lack === undefined) throw error;
    const reason = error.code === "ERR_FLOTILLA_NO_QUORUM" ? "" : `: ${error.message}`;
    throw new CommandError(
      error.code === "ERR_FLOTILLA_UNREACHABLE" ? error.code : "ERR_FLOTILLA_NO_QUORUM",
      `a majority of the members must be up to replace one, and ${lack}${reason}`,
      "Start the others first, and name them with --endpoints. If a majority is gone for good, or there are no others: flotilla recover --force-new-cluster where the data is whole, or else flotilla snapshot restore of a backup.",
      { cause: error },
    );
  }
}

function unknownMember(id: string): CommandError {
  return new CommandError(
    "ERR_FLOTILLA_NOT_FOUND",
    `${id} is no member of the cluster`,
    "Tell where the others reach it with --advertise, or start it on an empty directory with serve --join.",
  );
}

/** Data that was made to join, and never was part of a cluster. */
function isFresh(report: DataReport): boolean {
  if (report.type !== "whole") return report.type === "absent";
  const { configuration, last } = report;
  return configuration.voters.length === 0 && last.index === 0;
}

/** @throws FlotillaError when the cluster knows the member by this very data, or it may be whole */
function requireLoss(report: DataReport, known: MemberInfo | undefined, flags: RepairFlags): void {
  if (flags.force) return;
  if (report.type === "unreadable") throw unreadable(report.error);
  const isHealthy = report.type === "whole" && report.incarnation === known?.incarnation;
  if (!isHealthy) return;
  throw new CommandError(
    "ERR_FLOTILLA_CONDITION",
    `nothing is wrong with the data of ${report.id}`,
    "Start it. To give its data up all the same, add --force.",
  );
}

/** What to do about what keeps data from being read. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "Make room on the disk",
  EDQUOT: "Have the quota raised, or make room",
  EACCES: "Give its files to the user that runs this",
  EPERM: "Give its files to the user that runs this",
  EROFS: "Mount the file system so that it can be written to",
  EMFILE: "Allow this process more open files",
  ENFILE: "Have fewer files open on this machine",
};

function remedyOf({ details }: FlotillaError): string | undefined {
  return remedies[String(details["reason"])];
}

function unreadable(cause: FlotillaError): CommandError {
  const remedy = remedyOf(cause) ?? "Put right what the message names";
  return new CommandError(
    "ERR_FLOTILLA_STORAGE",
    `the data may be whole, but it cannot be opened: ${cause.message}`,
    `${remedy}, then start the member. To give its data up all the same, add --force.`,
    { cause },
  );
}

/** @throws FlotillaError when the member runs, somewhere else: it would be thrown out */
async function requireDown(admin: Admin, { id, address, incarnation }: MemberInfo): Promise<void> {
  const answer = await admin.report(address).catch(nobody);
  if (answer?.type !== "running" || answer.id !== id || answer.incarnation !== incarnation) return;
  throw new CommandError(
    "ERR_FLOTILLA_CONDITION",
    `${id} runs, at ${address}`,
    "Stop it first, if that is the member you mean. To take it out although it runs, add --force.",
  );
}

/** @throws the error unless it is one of ours, which says that nobody can be told there */
function nobody(error: unknown): null {
  if (FlotillaError.is(error)) return null;
  throw error;
}

function warningOf(id: string, report: DataReport, { members }: Membership, flags: RepairFlags): string {
  const wrong = "error" in report ? ` (${report.error.message})` : "";
  const fate = flags.discard ? "is deleted" : "is kept aside";
  const others = members.filter((member) => member.role === "voter" && member.id !== id).length;
  return [
    `${id} comes back with new data; the old data${wrong} ${fate}, and never counts again.`,
    `Until it has caught up, the ${others} other voters decide.`,
  ].join("\n");
}

function tell(
  { out }: Context,
  done: { readonly id: string; readonly incarnation: string; readonly aside: string | null },
  { json }: RepairFlags,
): void {
  if (json) {
    out.json(done);
    return;
  }
  if (done.aside !== null) out.line(`the old data is in ${done.aside}`);
  out.line(`${done.id} has new data. Start it with flotilla serve: it votes once it has caught up.`);
}
