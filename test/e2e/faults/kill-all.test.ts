import { expect, test } from "vitest";
import { Cluster } from "../../jepsen/src/processes/cluster.ts";
import { endure, roundsOr } from "../support/endurance.ts";

// The long form: FLOTILLA_ROUNDS=50 npx vitest run --project e2e faults/kill-all
const rounds = roundsOr(6);

test(
  `SIGKILL of all members at once under load loses and repeats nothing, ${rounds} times`,
  { timeout: 60_000 + rounds * 60_000 },
  async () => {
    await using cluster = await Cluster.create("kill-all", {
      arguments: ["--snapshot-entries", "400", "--election-timeout", "600ms"],
    });
    cluster.start();
    const { acknowledged, violations } = await endure(cluster, { rounds });
    expect(violations).toEqual([]);
    expect(acknowledged).toBeGreaterThan(rounds * 100);
  },
);
