import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

test("a joiner whose addition came to nothing asks again, though it heard of the cluster as it was before", async () => {
  const cluster = new Cluster(3);
  await cluster.start();
  const leader = await cluster.leader();
  const session = await cluster.client({ to: [leader] });
  // More than one message holds.
  for (let k = 0; k < 4; k += 1) await cluster.until(session.put(`/large-${k}`, "x".repeat(900_000)));
  const { network } = cluster.kernel;
  for (const id of cluster.ids) if (id !== leader) network.cutBoth(leader, id);
  const join = cluster.ids.map((id) => cluster.address(id));
  await cluster.join("n4", { join });
  const joiner = cluster.node("n4");
  const hasHeard = (): boolean => joiner.status().applied > 0;
  await cluster.kernel.run({ untilMs: cluster.kernel.nowMs + 5_000, until: hasHeard });
  network.cutBoth(leader, "n4");
  expect(hasHeard()).toBe(true);
  expect(joiner.status().lastIndex).toBeLessThan(cluster.node(leader).status().lastIndex);
  // Longer than it asks at a time.
  for (const id of cluster.ids) network.isolate(id);
  await cluster.pass(15_000);
  network.healAll();
  await cluster.pass(15_000);
  expect(joiner.status().leader).not.toBeNull();
  expect(joiner.status().members.map(({ id }) => id)).toContain("n4");
});
