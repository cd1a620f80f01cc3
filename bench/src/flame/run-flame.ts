import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { FlameOptions } from "../arguments.ts";
import { EmbeddedCluster } from "../embedded/embedded-cluster.ts";
import { valueBytes } from "../clients/client.ts";
import type { Job, LoadResult } from "../load/job.ts";
import { runLoad } from "../load/run-load.ts";
import type { ThreadUsage } from "../machine/usage.ts";
import { title } from "../peers/workloads.ts";
import { figure, table } from "../report/tables.ts";
import { pidsOf, stopCluster } from "../systems/cluster.ts";
import type { Site } from "../systems/cluster.ts";
import { startFlotilla } from "../systems/flotilla.ts";
import type { Launched } from "../systems/launch.ts";
import { portsOf, prepare } from "../systems/prepare.ts";
import { layers, timeByLayer } from "./layers.ts";
import { flameTree, readProfile } from "./profile.ts";
import type { FlameNode } from "./profile.ts";
import { flameSvg } from "./svg.ts";
import { hottest } from "./top.ts";

const warmUpMs = 2_000;
const sampleUs = 500;
const topCount = 15;
const logBytes = 2_000;
const embeddedName = "embedded-leader";

/** A process whose profile is written under `name`. */
interface Subject {
  readonly name: string;
  readonly role: string;
  readonly used: ThreadUsage;
}

interface Profile extends Subject {
  readonly tree: FlameNode;
}

interface Profiled {
  readonly result: LoadResult;
  readonly subjects: readonly Subject[];
}

const unused: ThreadUsage = { cpuMs: 0, mainMs: 0 };

function profileArgs(folder: string, name: string): string[] {
  return [
    "--cpu-prof",
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${name}.cpuprofile`,
    `--cpu-prof-interval=${sampleUs}`,
  ];
}

/** Profiles a workload, and leaves a profile and a flame graph of each process in `options.out`. */
export async function runFlame(
  options: FlameOptions,
  site: Site,
  out: (line: string) => void,
): Promise<void> {
  const folder = resolve(options.out);
  const written = join(site.folder, "profiles");
  await mkdir(folder, { recursive: true });
  const { result, subjects } = options.embedded
    ? await profileEmbedded(options, site, written)
    : await profileRemote(options, site, written);
  const profiles: Profile[] = [];
  for (const subject of subjects) {
    const { name, role } = subject;
    const file = join(written, `${name}.cpuprofile`);
    const tree = flameTree(await readProfile(file), result.fromUs, result.toUs);
    profiles.push({ ...subject, tree });
    const rate = figure((result.operations * 1000) / result.elapsedMs);
    await writeFile(
      join(folder, `${role}.svg`),
      flameSvg(tree, `${role}, ${title(options.workload)}: ${rate} /s`),
    );
    await copyFile(file, join(folder, `${role}.cpuprofile`));
  }
  describe(profiles, result, options, out);
  out(`flame graphs and profiles: ${folder}`);
}

async function profileRemote(options: FlameOptions, site: Site, written: string): Promise<Profiled> {
  const cluster = await startFlotilla(site, (id) => profileArgs(written, id));
  await prepare(cluster);
  const ports = await portsOf(cluster);
  const { operation, connections, depth } = options.workload;
  const shape = { connections, depth, watchers: 0, valueBytes };
  const times = { warmUpMs, measureMs: options.seconds * 1000 };
  const watched = { servers: pidsOf(cluster), idle: [] };
  const job: Job = { system: "flotilla", ports, operation, ...shape, ...times, watched };
  const result = await runLoad(job, site.launch, profileArgs(written, "load"));
  await stopCluster(cluster);
  for (const [k, { process }] of cluster.members.entries()) await requireCleanEnd(process, site, `n${k + 1}`);
  const { servers, load } = result.spent.threads;
  let followers = 0;
  const members = cluster.members.map(({ port }, k): Subject => {
    if (port !== ports[0]) followers += 1;
    const role = port === ports[0] ? "leader" : `follower-${followers}`;
    return { name: `n${k + 1}`, role, used: servers[k] ?? unused };
  });
  return { result, subjects: [...members, { name: "load", role: "load", used: load }] };
}

// A profile is written at a clean end only.
async function requireCleanEnd({ child }: Launched, { folder }: Site, id: string): Promise<void> {
  const { exitCode, signalCode } = child;
  if (exitCode === 0) return;
  const log = await readFile(join(folder, `${id}.log`), "utf8");
  throw new Error(`member ${id} ended with ${signalCode ?? exitCode}: ${log.slice(-logBytes)}`);
}

async function profileEmbedded(options: FlameOptions, site: Site, written: string): Promise<Profiled> {
  const cluster = await EmbeddedCluster.start(site, { nodeArgs: profileArgs(written, embeddedName) });
  const result = await cluster.run(options.workload, { warmUpMs, measureMs: options.seconds * 1000 });
  await cluster.stop();
  const used = result.spent.threads.servers[0] ?? unused;
  return { result, subjects: [{ name: embeddedName, role: embeddedName, used }] };
}

function describe(
  profiles: readonly Profile[],
  result: LoadResult,
  options: FlameOptions,
  out: (line: string) => void,
): void {
  const { operations } = result;
  const perOperation = (us: number): string => figure(us / operations);
  // The profiler samples by the clock: scaled to what the kernel counted, waiting for a core drops out.
  const scaled = profiles.map(({ tree, used }) => (used.mainMs * 1000) / Math.max(1, tree.totalUs));
  const times = profiles.map(({ tree }) => timeByLayer(tree));
  const lines = layers
    .filter((layer) => times.some((time) => time.has(layer)))
    .map((layer) => [
      layer,
      ...times.map((time, k) => perOperation((time.get(layer) ?? 0) * (scaled[k] ?? 0))),
    ]);
  const others = profiles.map(({ used }) => perOperation((used.cpuMs - used.mainMs) * 1000));
  const all = profiles.map(({ used }) => perOperation(used.cpuMs * 1000));
  out(`${title(options.workload)}: ${operations} operations in ${figure(result.elapsedMs / 1000)} s`);
  const head = ["CPU, µs an operation", ...profiles.map(({ role }) => role)];
  out(table(head, [...lines, ["other threads (sync, compaction, …)", ...others], ["all", ...all]]));
  for (const [k, { role, tree }] of profiles.entries()) {
    const hot = hottest(tree, topCount).map((each) => [
      each.name,
      each.place,
      perOperation(each.selfUs * (scaled[k] ?? 0)),
    ]);
    out(table([`${role}: most time of their own`, "where", "µs an operation"], hot));
  }
}
