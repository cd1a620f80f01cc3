import { median } from "../peers/summary.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast, atMost } from "../report/asked.ts";
import type { Site } from "../systems/cluster.ts";
import type { KvExtent } from "./figure-names.ts";
import type { Times } from "./messages.ts";
import { TreeProcess } from "./tree-process.ts";

const perSecond = 5_000;
const mib = 1_000_000;

/** Where figures are measured, and who hears what is not a figure. */
export interface KvBench {
  readonly site: Site;
  readonly extent: KvExtent;
  readonly progress: (line: string) => void;
}

function tell({ count, p50Ms, p999Ms, maxMs }: Times): string {
  return `${count} of p50 ${p50Ms.toFixed(2)}, p99.9 ${p999Ms.toFixed(2)}, max ${maxMs.toFixed(2)} ms`;
}

/** Runs with an idle process beside it, whose event loop is as late as the machine makes it. */
async function besideIdle<T>(
  { site, extent }: KvBench,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly idle: Times }> {
  const control = await TreeProcess.start(site, { ...extent, folder: site.folder });
  await control.ask({ type: "idle" });
  const result = await work();
  const idle = await control.ask({ type: "delay" });
  await control.stop();
  return { result, idle };
}

/** Commands of all kinds applied to a tree, by one thread. */
export async function apply({ site }: KvBench): Promise<Asked[]> {
  const tree = await TreeProcess.start(site, { folder: site.folder, nodes: 0 });
  const applied = await tree.ask({ type: "apply" });
  await tree.stop();
  const figure = "create, set, delete in turn over 100,000 nodes of 100 B, one thread, applied";
  return [atLeast(figure, applied.perSecond, 200_000, "/s")];
}

/** The tree in memory, collected, less what the process held before. */
export async function memory({ site, extent, progress }: KvBench): Promise<Asked[]> {
  const { nodes } = extent;
  const options = { folder: site.folder, nodes };
  const tree = await TreeProcess.start(site, options, ["--expose-gc"]);
  const { emptyBytes, bytes } = await tree.ask({ type: "grow" });
  await tree.stop();
  progress(
    `memory: ${((bytes - emptyBytes) / nodes).toFixed(0)} B a node, ${(emptyBytes / mib).toFixed(0)} MB before`,
  );
  return [
    atMost(`${nodes} nodes of 100 B, resident over an empty process`, (bytes - emptyBytes) / mib, 600, "MB"),
  ];
}

/** Snapshots of the tree under a log of one member, with writes going on. */
export async function snapshot(bench: KvBench): Promise<Asked[]> {
  const { site, extent, progress } = bench;
  const { nodes, trials } = extent;
  const { result, idle } = await besideIdle(bench, async () => {
    const tree = await TreeProcess.start(site, { folder: site.folder, nodes });
    const written = await tree.ask({ type: "write", perSecond, snapshots: trials });
    await tree.stop();
    return written;
  });
  const { slices, delay, writtenPerSecond, snapshotMs, residentBytes } = result;
  progress(
    `snapshot: ${snapshotMs.toFixed(0)} ms each beside ${writtenPerSecond.toFixed(0)} writes/s, ${(residentBytes / mib).toFixed(0)} MB resident; slices ${tell(slices)}; loop ${tell(delay)}; idle ${tell(idle)}`,
  );
  const late = (of: keyof Omit<Times, "count">): number => Math.max(0, delay[of] - idle[of]);
  return [
    atMost("snapshot while 5,000 writes/s go on, own slices, max", slices.maxMs, 2, "ms"),
    atMost("the same, own slices, p99.9", slices.p999Ms, 2, "ms"),
    atMost("the same, event-loop delay less an idle process, p99.9", late("p999Ms"), 10, "ms"),
    atMost("the same, event-loop delay less an idle process, max", late("maxMs"), 50, "ms"),
  ];
}

/** The same tree restored from its snapshot when the member starts. */
export async function restore(bench: KvBench): Promise<Asked[]> {
  const { site, extent, progress } = bench;
  const { nodes, trials } = extent;
  const options = { folder: site.folder, nodes };
  const writer = await TreeProcess.start(site, options);
  await writer.ask({ type: "write", perSecond, snapshots: 1 });
  await writer.stop();
  const seconds: number[] = [];
  for (let trial = 1; trial <= trials; trial += 1) {
    const { result, idle } = await besideIdle(bench, async () => {
      const tree = await TreeProcess.start(site, options, ["--expose-gc"]);
      const restored = await tree.ask({ type: "restore" });
      await tree.stop();
      return restored;
    });
    const { ms, cpuMs, pieces, delay, residentBytes } = result;
    if (result.nodes !== nodes + 1) throw new Error("the restored tree is not what it should be");
    progress(
      `restore: ${ms.toFixed(0)} ms, ${cpuMs.toFixed(0)} ms of CPU, ${(residentBytes / mib).toFixed(0)} MB resident; pieces ${tell(pieces)}; loop ${tell(delay)}; idle ${tell(idle)}`,
    );
    seconds.push(ms / 1000);
  }
  return [atMost(`restore of ${nodes} nodes of 100 B, in slices`, median(seconds), 6, "s")];
}

/** What a change costs that many watch, and one that one watches among many. */
export async function watchers({ site, progress }: KvBench): Promise<Asked[]> {
  const [many, elsewhere, few] = [1_000, 100_000, 3];
  const tree = await TreeProcess.start(site, { folder: site.folder, nodes: 0 });
  const queued = await tree.ask({ type: "queue", watchers: many });
  const match = async (depth: number, others: number): Promise<number> =>
    (await tree.ask({ type: "match", depth, elsewhere: others })).us;
  const depths = [2, 8, 32];
  const byDepth: string[] = [];
  for (const depth of depths) byDepth.push(`${(await match(depth, elsewhere)).toFixed(2)} µs ${depth} deep`);
  const [alone, among] = [await match(8, few), await match(8, elsewhere)];
  await tree.stop();
  progress(
    `watchers: queueing for ${many} ${tell(queued)}; matching among ${elsewhere} elsewhere ${byDepth.join(", ")}; ${alone.toFixed(2)} µs beside ${few}, one of each kind`,
  );
  return [
    atMost(
      `${many} recursive watchers, one write below all, until all events are queued`,
      queued.p50Ms,
      1,
      "ms",
    ),
    atMost(
      `matching one event among ${elsewhere} watches elsewhere, over beside one of each kind`,
      among / alone,
      1.5,
      "×",
    ),
  ];
}
