import type { CoordNode, StandIn, StartOptions } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { jsonLogger } from "@flotilla/runtime/real";
import { Command } from "commander";
import { listenForAdmins } from "../admin/listener.ts";
import { AdminPages, notServing } from "../admin/pages.ts";
import { ProcessMeter } from "../admin/process-metrics.ts";
import { TraceFile } from "../cli/trace-file.ts";
import { jsonOption } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { aborted } from "../cli/context.ts";
import { exitCodes } from "../cli/exit-codes.ts";
import { readConfigFile } from "../config/file.ts";
import { readSecretFile } from "../config/secret.ts";
import type { ServeSettings } from "../config/serve-settings.ts";
import { loadServeSettings } from "../config/serve-settings.ts";

interface ServeFlags extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly json?: true;
}

/** `flotilla serve`: one member, until SIGTERM or SIGINT. */
export function serveCommand(context: Context): Command {
  return new Command("serve")
    .description("run one member of a cluster")
    .option("-c, --config <file>", "TOML, or JSON when it ends in .json")
    .option("--id <id>", "stable name of this member")
    .option("--data-dir <dir>", "where its data lives")
    .option("--listen <host:port>", "default: 127.0.0.1:7400")
    .option(
      "--bootstrap <members>",
      "all founding members, id=host:port,…; used once, on an empty data directory",
    )
    .option("--join <list>", "members of a cluster to join, host:port,…; used until it has added this node")
    .option("--learner", "with --join: follow without a vote")
    .option(
      "--advertise <host:port>",
      "with --join: where the others reach it; default: where it listens, unless that is 0.0.0.0 or [::]",
    )
    .option(
      "--admin-listen <host:port>",
      "answer /livez, /readyz and /metrics there, over HTTP; default: nowhere",
    )
    .option("--cluster <name>", "default: flotilla")
    .option("--secret-file <file>", "file with the shared secret; or set FLOTILLA_SECRET")
    .option("--insecure", "listen beyond loopback without a secret")
    .option("--super-digest <digest>", "who may do everything: user:base64(SHA-1(user:password))")
    .option("--heartbeat <duration>", "default: 100ms")
    .option("--election-timeout <duration>", "default: 1s")
    .option("--session-ttl <duration>", "of the member's own session; default: 10s")
    .option("--snapshot-entries <n>", "snapshot after this many entries; default: 100000")
    .option("--history-events <n>", "changes remembered at most; default: 100000")
    .option("--history-bytes <n>", "bytes that they take up at most; default: 67108864")
    .option("--history-age <duration>", "older ones are forgotten; default: none for its age")
    .option("--log-level <level>", "debug, info, warn, error or silent; default: warn")
    .option("--trace <file>", "add a line of JSON for each transition of the consensus")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nEvery setting may also stand in the file (dataDir) or the environment (FLOTILLA_DATA_DIR).\nA flag wins over a variable, a variable over the file.",
    )
    .action(async (flags: ServeFlags) => {
      const file = flags.config === undefined ? {} : await readConfigFile(flags.config);
      const sources = { flags, env: context.env, file, filePath: flags.config ?? "no file" };
      await serve(context, loadServeSettings(sources), flags.json ?? false);
    });
}

/** What is served, and where probes ask for it. */
interface Served {
  readonly settings: ServeSettings;
  readonly options: StartOptions;
  readonly pages: AdminPages;
  readonly adminAddress: string | undefined;
}

async function serve(context: Context, settings: ServeSettings, json: boolean): Promise<void> {
  context.out.forgo();
  const options = await startOptions(settings);
  // Loaded only here: clients do without the database.
  const { prometheusText } = await import("@flotilla/coord");
  const { adminListen } = settings;
  using meter = adminListen === undefined ? null : new ProcessMeter();
  const subject = notServing("it is starting");
  const pages = new AdminPages({ render: prometheusText, process: () => meter?.read() ?? [], subject });
  await using admins = adminListen === undefined ? null : await listenForAdmins(adminListen, pages);
  const of = { settings, options, pages, adminAddress: admins?.address };
  try {
    await serveMember(context, of, json);
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED")) throw error;
    pages.show(notServing(`its data is damaged: ${error.message}`));
    await standInFor(context, of, error, json);
    throw error;
  }
}

/** An exit in order waits for calls of the disk, whether they ever return or not; what was acknowledged is synced. */
function onExit(code: number): void {
  if (code === exitCodes.hurried) process.kill(process.pid, "SIGKILL");
}

function hurriedEnds(): Disposable {
  process.on("exit", onExit);
  return { [Symbol.dispose]: () => void process.off("exit", onExit) };
}

async function serveMember(
  context: Context,
  { settings, options, pages, adminAddress }: Served,
  json: boolean,
): Promise<void> {
  using _ = hurriedEnds();
  const { start } = await import("@flotilla/coord");
  using trace = settings.trace === undefined ? null : new TraceFile(settings.trace);
  const node = await start(trace === null ? options : { ...options, trace: (record) => trace.add(record) });
  pages.show(node);
  const { id, address } = node;
  const { cluster } = settings;
  const { pid } = process;
  if (json) context.out.json({ type: "listening", id, address, adminAddress, cluster, pid });
  else
    context.out.line(
      `${id} of cluster ${settings.cluster} listens on ${address}, data in ${settings.dataDir}`,
    );
  const type = await untilStopped(node, context.stop);
  if (json) context.out.json({ type, id });
  else context.out.line(type === "removed" ? `${id} is no member any more` : `${id} closed`);
}

/** A damaged member stays up to say so. */
async function standInFor(
  context: Context,
  { options }: Served,
  error: FlotillaError,
  json: boolean,
): Promise<void> {
  const { standIn } = await import("@flotilla/coord");
  await using damaged = await standIn(options, error);
  tellDamaged(context, damaged, json);
  await aborted(context.stop);
}

function tellDamaged({ out }: Context, { address, report }: StandIn, json: boolean): void {
  if (json) {
    out.json({ ...report, address, pid: process.pid });
    return;
  }
  out.line(`${report.id} of cluster ${report.cluster} listens on ${address}, damaged: ${report.problem}`);
  out.line(report.advice);
}

/** @throws the reason when the member stopped by itself, but not because it was taken out */
async function untilStopped(node: CoordNode, stop: AbortSignal): Promise<"closed" | "removed"> {
  await Promise.race([node.closed, aborted(stop)]);
  await node.close();
  const reason = await node.closed;
  if (reason.type === "failed") throw reason.error;
  return reason.type;
}

async function startOptions(settings: ServeSettings): Promise<StartOptions> {
  const { id, dataDir, listen, cluster, insecure, logLevel, secretFile } = settings;
  const { bootstrap, join, learner, advertise } = settings;
  const { heartbeatMs, electionTimeoutMs, sessionTtlMs, snapshotEntries } = settings;
  const { historyEvents, historyBytes, historyAgeMs, superDigest } = settings;
  const secret = secretFile === undefined ? settings.secret : await readSecretFile(secretFile);
  return {
    id,
    dataDir,
    listen,
    cluster,
    insecure,
    logger: jsonLogger({ level: logLevel }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(join === undefined ? {} : { join }),
    ...(learner ? { learner } : {}),
    ...(advertise === undefined ? {} : { advertise }),
    ...(secret === undefined ? {} : { secret }),
    ...(superDigest === undefined ? {} : { superDigest }),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(electionTimeoutMs === undefined ? {} : { electionTimeoutMs }),
    ...(sessionTtlMs === undefined ? {} : { sessionTtlMs }),
    ...(snapshotEntries === undefined ? {} : { snapshotEntries }),
    ...(historyEvents === undefined ? {} : { historyEvents }),
    ...(historyBytes === undefined ? {} : { historyBytes }),
    ...(historyAgeMs === undefined ? {} : { historyAgeMs }),
  };
}
