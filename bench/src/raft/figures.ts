import { setTimeout as pause } from "node:timers/promises";
import { BareCluster } from "../floor/bare.ts";
import { measureLoopback, measureSync } from "../floor/primitives.ts";
import { Histogram } from "../load/histogram.ts";
import { median } from "../peers/summary.ts";
import type { Asked } from "../report/asked.ts";
import { atLeast, atMost } from "../report/asked.ts";
import type { Site } from "../systems/cluster.ts";
import { memberCount } from "../systems/cluster.ts";
import type { Extent } from "./figure-names.ts";
import { monotonicUs } from "./messages.ts";
import type { LoadAnswer } from "./messages.ts";
import { RaftCluster } from "./raft-cluster.ts";

const loops = 16;
const outstanding = 64;
const warmUpMs = 2_000;
const electionTimeoutMs = 1_000;
const blockMs = 3 * electionTimeoutMs;
// What an idle member runs a few times a second is compiled only after minutes.
const restMs = 180_000;
const leastIdleMs = 60_000;
const latencyRounds = 5;

/** Where figures are measured, and who hears what is not a figure. */
export interface Bench {
  readonly site: Site;
  readonly extent: Extent;
  readonly progress: (line: string) => void;
}

async function withCluster<T>(site: Site, work: (cluster: RaftCluster) => Promise<T>): Promise<T> {
  const cluster = await RaftCluster.start(site);
  const result = await work(cluster);
  await cluster.stop();
  return result;
}

function sum(answers: readonly LoadAnswer[], part: (answer: LoadAnswer) => number): number {
  return answers.reduce((total, answer) => total + part(answer), 0);
}

/** Proposals of 256 B from all three members at once. */
export function throughput({ site, extent, progress }: Bench): Promise<Asked[]> {
  return withCluster(site, async (cluster) => {
    const { leader, followers } = await cluster.settled();
    // The leader takes the smaller share: at least two thirds are forwarded.
    const proposers = [...followers, leader];
    const answers = await Promise.all(
      proposers.map((member, k) => {
        const share = Math.floor((loops - 1 - k) / memberCount) + 1;
        const lanes = share * outstanding;
        return member.ask({ type: "load", lanes, warmUpMs, measureMs: extent.measureMs });
      }),
    );
    const perSecond = sum(answers, ({ applied, elapsedMs }) => (applied * 1000) / elapsedMs);
    const cpuUs = sum(answers, (answer) => answer.cpuUs) / sum(answers, ({ applied }) => applied);
    const all = new Histogram();
    for (const { histogram } of answers) all.add(histogram);
    const shares = answers.map((each) => (each.cpuUs / each.elapsedMs / 10).toFixed(0)).join(", ");
    progress(
      `throughput: ${cpuUs.toFixed(1)} µs of CPU an entry in three processes (${shares} % of a core, the leader last), p50 ${all.quantileMs(0.5).toFixed(1)} ms, p99 ${all.quantileMs(0.99).toFixed(1)} ms`,
    );
    return [atLeast("committed entries, three processes", perSecond, 50_000, "/s")];
  });
}

/** One proposal after the other on the leader, beside what it cannot do without. */
export function latency({ site, extent, progress }: Bench): Promise<Asked[]> {
  return withCluster(site, async (cluster) => {
    const { leader } = await cluster.settled();
    const measureMs = extent.measureMs / latencyRounds;
    const ratios: number[] = [];
    for (let round = 1; round <= latencyRounds; round += 1) {
      const sync = await measureSync(site.folder, measureMs / 2);
      const loopback = await measureLoopback(site.launch, measureMs / 2);
      const { histogram } = await leader.ask({ type: "load", lanes: 1, warmUpMs: warmUpMs / 2, measureMs });
      const all = new Histogram();
      all.add(histogram);
      const [p50Ms, p99Ms] = [all.quantileMs(0.5), all.quantileMs(0.99)];
      progress(
        `latency: p50 ${p50Ms.toFixed(3)} ms, p99 ${p99Ms.toFixed(3)} ms; fsync ${sync.p50Ms.toFixed(3)} ms, loopback ${loopback.p50Ms.toFixed(3)} ms`,
      );
      ratios.push(p50Ms / (sync.p50Ms + loopback.p50Ms));
    }
    return [atMost("one proposal at a time, p50 / (fsync + loopback)", median(ratios), 4, "x")];
  });
}

/** Kills leaders, and waits for what the others commit next. */
export function failover({ site, extent, progress }: Bench): Promise<Asked[]> {
  return withCluster(site, async (cluster) => {
    const gaps = new Histogram();
    for (let trial = 1; trial <= extent.trials; trial += 1) {
      const { term, leader, followers } = await cluster.settled();
      const commits = followers.map((member) => member.ask({ type: "next-commit", term }));
      await pause(Math.random() * 100);
      const killedUs = monotonicUs();
      const dead = leader.kill();
      const moments = await Promise.all(commits);
      gaps.record((Math.min(...moments.map(({ atUs }) => atUs)) - killedUs) / 1000);
      await dead;
      await leader.start();
      if (trial % 10 === 0) progress(`failover: ${trial} leaders killed, worst ${gaps.maxMs.toFixed(0)} ms`);
    }
    return [
      atMost("leader killed to next commit, p50", gaps.quantileMs(0.5), 200, "ms"),
      atMost("leader killed to next commit, max", gaps.maxMs, 800, "ms"),
    ];
  });
}

/** Blocks the event loop of a follower, over and over. */
export function stall({ site, extent, progress }: Bench): Promise<Asked[]> {
  return withCluster(site, async (cluster) => {
    let changes = 0;
    const trials = Math.ceil(extent.trials / 5);
    for (let trial = 1; trial <= trials; trial += 1) {
      const { term, leader, followers } = await cluster.settled();
      const [blocked, other] = followers;
      if (blocked === undefined || other === undefined) throw new Error("a member is missing");
      await blocked.ask({ type: "block", ms: blockMs });
      // What the stall led to has happened by then.
      await pause(2 * electionTimeoutMs);
      const after = await Promise.all([leader, other].map((member) => member.ask({ type: "status" })));
      changes += Math.max(...after.map((status) => status.term - term));
      progress(`stall: ${trial} of ${trials}, ${changes} term changes`);
    }
    return [atMost("follower blocked for three election timeouts, term changes", changes, 0, "terms")];
  });
}

/** Leaves a cluster alone, and beside it bare processes that exchange the same frames. */
export function idle({ site, extent, progress }: Bench): Promise<Asked[]> {
  return withCluster(site, async (cluster) => {
    const { leader, followers } = await cluster.settled();
    const bare = await BareCluster.start(site.launch);
    const members = [leader, ...followers];
    const cpu = () => Promise.all([...members.map((member) => member.ask({ type: "cpu" })), bare.cpu()]);
    await cpu(); // the first question compiles what answers it
    await pause(restMs);
    const before = await cpu();
    await pause(Math.max(leastIdleMs, extent.measureMs));
    const after = await cpu();
    await bare.stop();
    const shares = after.map(({ cpuUs, atUs }, k) => {
      const from = before[k] ?? { cpuUs: 0, atUs: 0 };
      return (100 * (cpuUs - from.cpuUs)) / (atUs - from.atUs);
    });
    const floor = shares.pop() ?? 0;
    progress(
      `idle: ${shares.map((share) => share.toFixed(2)).join(", ")} % of a core, the leader first; a bare process with its frames ${floor.toFixed(2)} %`,
    );
    return [atMost("idle cluster, CPU of a node", Math.max(...shares), 0.5, "% of a core")];
  });
}
