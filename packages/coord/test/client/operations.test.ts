import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.ts";

test("makes containers and nodes with a time to live, alone and in a multi", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const kinds = [{ container: true }, { ttlMs: 60_000, sequential: true }];
  for (const kind of kinds) await cluster.until(session.create("/a", "x", kind));
  await cluster.until(session.multi(kinds.map((kind) => ({ type: "create", path: "/a", ...kind }))));
  const [first, second, multi] = cluster.applied.map(({ operation }) => operation);
  expect(first).toMatchObject({ lease: null, container: true });
  expect(second).toMatchObject({ lease: null, ttlMs: 60_000, sequential: true });
  expect(multi).toMatchObject({ ops: [{ container: true }, { ttlMs: 60_000 }] });
  for (const bad of [
    { container: true, ephemeral: true },
    { ttlMs: 0 },
    { ttlMs: 1.5 },
    { ttlMs: null as never },
  ])
    await expect(session.create("/a", "x", bad)).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("asks for the owner, the children and the value of a node, and branches on them", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const wanted = { owner: session.leaseId, children: 0, value: "old" };
  await cluster.until(session.set("/a", "x", { version: 1, if: wanted }));
  await cluster.until(session.delete("/a", { if: { owner: null } }));
  const check = { type: "check", path: "/a", mzxid: 4, if: { children: 2 } } as const;
  const others = [{ type: "set", path: "/a", value: "y", if: wanted }] as const;
  await cluster.until(session.multi([], { if: [check], else: others }));
  const [set, removal, multi] = cluster.applied.map(({ operation }) => operation);
  const asked = { ...wanted, value: new TextEncoder().encode("old") };
  expect(set).toMatchObject({ if: { version: 1, ...asked } });
  expect(removal).toMatchObject({ if: { owner: null } });
  expect(multi).toMatchObject({ ops: [], if: [{ if: { mzxid: 4, children: 2 } }], else: [{ if: asked }] });
  const bad: unknown[] = [
    { if: null },
    { if: { children: null } },
    { if: { value: null } },
    { if: { owner: "me" } },
  ];
  for (const options of bad)
    await expect(session.set("/a", "x", options as never)).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
    });
  for (const options of [{ else: [] }, { if: [{ type: "delete", path: "/a" }] }, { if: "all" }])
    await expect(session.multi([check], options as never)).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
    });
});
