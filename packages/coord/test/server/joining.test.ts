import { expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import { adminProtocol } from "../../src/wire/admin-messages.ts";
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

test("a member that read of its removal, and of no more, does not ask to be added again", async () => {
  const cluster = new Cluster(3);
  await cluster.start();
  await cluster.leader();
  const { kernel } = cluster;
  const join = cluster.ids.map((id) => cluster.address(id));
  const operator = admin({ host: kernel.node("operator").start(), endpoints: join });
  await cluster.join("n4", { join });
  const isMember = (): boolean =>
    cluster
      .node("n4")
      .status()
      .members.some(({ id }) => id === "n4");
  await kernel.run({ untilMs: kernel.nowMs + 10_000, until: isMember });
  await cluster.pass(5_000);
  expect(isMember()).toBe(true);
  const removal = operator.members.remove("n4");
  await kernel.run({ untilMs: kernel.nowMs + 10_000, until: () => !isMember() });
  for (const id of cluster.ids) kernel.network.cutBoth("n4", id);
  await cluster.pass(500);
  kernel.node("n4").crash();
  await cluster.until(removal);
  let calls = 0;
  const witness = { address: "witness:7000", protocols: [adminProtocol], maxFrameBytes: 1_000_000 };
  await cluster.until(
    kernel
      .node("witness")
      .start()
      .network.listen(witness, (channel) => {
        calls += 1;
        channel.close("nobody is added here");
      }),
  );
  await cluster.join("n4", { join: [witness.address] });
  await cluster.pass(5_000);
  expect(isMember()).toBe(false);
  expect(calls).toBe(0);
  // Others ask there.
  await cluster.join("n5", { join: [witness.address] });
  await cluster.pass(5_000);
  expect(calls).toBeGreaterThan(0);
  kernel.network.healAll();
  expect(await cluster.until(cluster.node("n4").closed)).toEqual({ type: "removed" });
});

test("a node that belongs to no cluster cannot leave it, and says so", async () => {
  const cluster = new Cluster(1);
  await cluster.start();
  await cluster.join("n2", { join: [] });
  const leaving = cluster.node("n2").leave();
  await expect(cluster.until(leaving)).rejects.toMatchObject({
    code: "ERR_FLOTILLA_NOT_FOUND",
    message: "n2 belongs to no cluster yet",
  });
});
