import { expect, test } from "vitest";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

test("numbers writes from 1 in the order of the calls and resolves them in that order", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const order: number[] = [];
  const all = [1, 2, 3].map(async (n) => {
    await session.put(`/n${n}`, String(n));
    order.push(n);
  });
  await cluster.until(Promise.all(all));
  expect(cluster.applied.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(cluster.applied.map(({ operation }) => "path" in operation && operation.path)).toEqual(["/n1", "/n2", "/n3"]);
  expect(order).toEqual([1, 2, 3]);
});
