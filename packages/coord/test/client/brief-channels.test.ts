import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.ts";

/** Ends every channel so long after its attach, ms. */
async function cutOff(cluster: FakeCluster, afterMs: number, forMs: number): Promise<number> {
  const before = cluster.connections.length;
  const untilMs = cluster.kernel.nowMs + forMs;
  while (cluster.kernel.nowMs < untilMs) {
    await cluster.pass(afterMs);
    if (cluster.last.isOpen && cluster.last.of("attach").length > 0) cluster.last.close();
  }
  return cluster.connections.length - before;
}

test("whoever is let go right after each attach tries less and less often", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.pass(5_000);
  expect(await cutOff(cluster, 5, 20_000)).toBeLessThan(40);
  // And soon again once a server keeps it.
  await cluster.pass(10_000);
  expect(session.state).toBe("connected");
  const before = cluster.connections.length;
  cluster.last.close();
  await cluster.pass(100);
  expect(cluster.connections.length).toBe(before + 1);
  expect(session.server).not.toBeNull();
  await cluster.until(session.close());
});

test("whoever is let go now and then goes on at once", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  for (let k = 0; k < 10; k += 1) {
    await cluster.pass(3_000);
    cluster.last.close();
    await cluster.pass(100);
    expect(session.server).not.toBeNull();
  }
  await cluster.until(session.close());
});
