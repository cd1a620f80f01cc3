import { expect, test } from "vitest";
import { Cluster } from "../../jepsen/src/processes/cluster.ts";
import { endure, roundsOr } from "../support/endurance.ts";
import { whyNoPreload } from "../../jepsen/src/processes/preload.ts";
import type { PowerLoss } from "../../jepsen/src/processes/sync-recorder.ts";
import { SyncRecorder } from "../../jepsen/src/processes/sync-recorder.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

// The long form: FLOTILLA_ROUNDS=50 npx vitest run --project e2e faults/power-loss
const rounds = roundsOr(4);
const obstacle = whyNoPreload();
if (obstacle !== null) console.warn(`SKIP: ${obstacle}: loss of power is not tested with real processes`);

async function recordedCluster(recorder: SyncRecorder, deaf: boolean): Promise<Cluster> {
  return Cluster.create("power-loss", {
    arguments: ["--snapshot-entries", "300", "--election-timeout", "600ms"],
    env: ({ id, dataDir }, life) => recorder.env(dataDir, `${id}-${life}`, deaf),
  });
}

function cutPower(recorder: SyncRecorder, cluster: Cluster): Promise<PowerLoss[]> {
  return Promise.all(
    cluster.members.map(({ id, life }, position) =>
      recorder.cutPower(cluster.places[position]?.dataDir ?? "", `${id}-${life}`),
    ),
  );
}

test.skipIf(obstacle !== null)(
  `a loss of power at all members under load loses and repeats nothing, ${rounds} times`,
  { timeout: 60_000 + rounds * 60_000 },
  async () => {
    await using folder = await TemporaryFolder.create("sync-recorder");
    const recorder = SyncRecorder.build(folder.path);
    await using cluster = await recordedCluster(recorder, false);
    const losses: PowerLoss[] = [];
    cluster.start();
    const { violations } = await endure(cluster, {
      rounds,
      // In every fourth round enough that LevelDB, after 16 MiB, begins a new log.
      paddingBytes: (round) => (round % 4 === 2 ? 60_000 : 0),
      whileDown: async () => void losses.push(...(await cutPower(recorder, cluster))),
    });
    expect(violations).toEqual([]);
    // A recorder that is not in the process sees nothing; opening a store alone syncs.
    expect(losses.length).toBe(3 * rounds);
    expect(Math.min(...losses.map(({ syncs }) => syncs))).toBeGreaterThan(0);
    expect(losses.some(({ bytesCut, filesRemoved }) => bytesCut > 0 || filesRemoved > 0)).toBe(true);
  },
);

test.skipIf(obstacle !== null)(
  "a disk that forgets what it was told to sync is noticed",
  { timeout: 180_000 },
  async () => {
    await using folder = await TemporaryFolder.create("sync-recorder");
    const recorder = SyncRecorder.build(folder.path);
    await using cluster = await recordedCluster(recorder, true);
    cluster.start();
    const { violations } = await endure(cluster, {
      rounds: 1,
      whileDown: async () => void (await cutPower(recorder, cluster)),
    });
    expect(violations.length).toBeGreaterThan(0);
  },
);
