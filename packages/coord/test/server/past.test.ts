import { expect, test } from "vitest";
import { FlotillaError } from "@flotilla/runtime";
import { text } from "../../src/client/index.ts";
import type { ChildrenPage, Node, NodeChange, Session } from "../../src/client/index.ts";
import type { StartOptions } from "../../src/server/api.ts";
import { Cluster } from "./cluster.ts";

interface World {
  readonly cluster: Cluster;
  /** In the process of the leader. */
  readonly near: Session;
  readonly far: Session;
}

async function opened(options: Partial<StartOptions> = {}): Promise<World> {
  const cluster = new Cluster(3, options);
  await cluster.start();
  const { session: near } = cluster.node(await cluster.leader());
  return { cluster, near, far: await cluster.client() };
}

async function errorOf(promise: Promise<unknown>): Promise<FlotillaError> {
  try {
    await promise;
  } catch (error) {
    if (FlotillaError.is(error)) return error;
    throw error;
  }
  return expect.unreachable();
}

interface Moment {
  readonly revision: number;
  readonly node: Node | null;
  readonly children: ChildrenPage | null;
}

test("nodes, stats and children are shown as they were, near and far, after everything is gone", async () => {
  const { cluster, near, far } = await opened();
  const moments: Moment[] = [];
  const steps: readonly (() => Promise<{ readonly revision: number }>)[] = [
    () => near.create("/a", "one"),
    () => far.put("/a/b", "x"),
    () => far.set("/a", "two"),
    () => near.create("/a/c", ""),
    () =>
      near.multi([
        { type: "delete", path: "/a/b" },
        { type: "set", path: "/a", value: "three" },
        { type: "set", path: "/a", value: "four" },
      ]),
  ];
  for (const step of steps) {
    const { revision } = await cluster.until(step());
    const node = await cluster.until(near.get("/a"));
    moments.push({ revision, node, children: await cluster.until(near.children("/a")) });
  }
  await cluster.until(far.delete("/a", { recursive: true }));
  for (const session of [near, far]) {
    await cluster.until(session.sync());
    for (const { revision, node, children } of moments) {
      expect(await cluster.until(session.get("/a", { revision }))).toEqual(node);
      expect(await cluster.until(session.get("/a", { revision, level: "local" }))).toEqual(node);
      expect(await cluster.until(session.exists("/a", { revision }))).toEqual(node?.stat);
      expect(await cluster.until(session.children("/a", { revision }))).toEqual(children);
      const page = await cluster.until(session.children("/a", { revision, limit: 1 }));
      expect(page?.names).toEqual(children?.names.slice(0, 1));
    }
    for (const revision of [0, (moments.at(-1)?.revision ?? 0) + 1]) {
      expect(await cluster.until(session.get("/a", { revision }))).toBeNull();
      expect(await cluster.until(session.exists("/a", { revision }))).toBeNull();
      expect(await cluster.until(session.children("/a", { revision }))).toBeNull();
    }
  }
});

test("a node's changes are told with who made them and when, the latest first, in pages", async () => {
  const { cluster, near, far } = await opened();
  await cluster.until(near.create("/a", "one"));
  await cluster.until(far.set("/a", "two"));
  await cluster.until(near.create("/a/b", ""));
  await cluster.until(far.multi([1, 2, 3].map((k) => ({ type: "set" as const, path: "/a", value: `${k}` }))));
  await cluster.until(near.delete("/a", { recursive: true }));
  const { changes, next, floor } = await cluster.until(far.history("/a"));
  expect([next, floor]).toEqual([null, { revision: 0, ordinal: 0 }]);
  expect(changes.map(({ type, version, by }) => [type, version, by])).toEqual([
    ["deleted", 4, near.id],
    ["changed", 4, far.id],
    ["changed", 3, far.id],
    ["changed", 2, far.id],
    ["changed", 1, far.id],
    ["created", 0, near.id],
  ]);
  const times = changes.map(({ timeMs }) => timeMs);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  const first = changes.at(-1);
  const created = await cluster.until(near.get("/a", { revision: first?.revision ?? 0 }));
  expect(created?.stat.ctimeMs).toBe(first?.timeMs);
  const paged: NodeChange[] = [];
  for (let page = await cluster.until(near.history("/a", { limit: 2 })); ;) {
    paged.push(...page.changes);
    if (page.next === null) break;
    page = await cluster.until(near.history("/a", { limit: 2, before: page.next }));
  }
  expect(paged).toEqual(changes);
});

test("what is compacted, does not exist yet or is no revision is refused by code", async () => {
  const { cluster, near, far } = await opened({ historyEvents: 3 });
  for (let k = 1; k <= 5; k += 1) await cluster.until(near.put("/a", `${k}`));
  for (const session of [near, far]) {
    for (const level of ["linearizable", "local"] as const) {
      const compacted = await cluster.until(errorOf(session.get("/a", { revision: 1, level })));
      expect(compacted).toMatchObject({ code: "ERR_FLOTILLA_COMPACTED", details: { floor: 2 } });
      expect(compacted.message).toBe("get /a at 1: the earliest revision that can be read is 2");
      const ahead = await cluster.until(errorOf(session.children("/", { revision: 6, level })));
      expect(ahead).toMatchObject({ code: "ERR_FLOTILLA_AHEAD", retryable: true });
    }
    const node = await cluster.until(session.get("/a", { revision: 2 }));
    expect(text(node?.value ?? new Uint8Array(0))).toBe("2");
    const { changes, floor } = await cluster.until(session.history("/a"));
    expect([changes.map(({ revision }) => revision), floor.revision]).toEqual([[5, 4, 3], 2]);
    for (const revision of [-1, 0.5, "1" as unknown as number]) {
      const error = await cluster.until(errorOf(session.get("/a", { revision })));
      expect(error.code).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    }
    for (const bad of [{ limit: 0 }, { limit: 1_001 }, { before: { revision: -1, ordinal: 0 } }]) {
      const error = await cluster.until(errorOf(session.history("/a", bad)));
      expect(error.code).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    }
  }
});

test("changes are forgotten by age, and a member that began from a snapshot knows nothing before it", async () => {
  const { cluster, near } = await opened({ historyAgeMs: 5_000, snapshotEntries: 20, trailingEntries: 1 });
  const { revision } = await cluster.until(near.put("/a", "old"));
  await cluster.pass(6_000);
  await cluster.until(near.put("/b", ""));
  const compacted = await cluster.until(errorOf(near.get("/a", { revision: revision - 1 })));
  expect(compacted).toMatchObject({ code: "ERR_FLOTILLA_COMPACTED", details: { floor: revision } });
  expect(text((await cluster.until(near.get("/a", { revision })))?.value ?? new Uint8Array(0))).toBe("old");
  for (let k = 0; k < 30; k += 1) await cluster.until(near.put("/c", `${k}`));
  await cluster.pass(1_000);
  const follower = cluster.ids.find((id) => cluster.node(id).status().role !== "leader") ?? "";
  cluster.kernel.node(follower).crash();
  await cluster.start([follower]);
  const { session } = cluster.node(follower);
  await cluster.until(session.sync());
  const { floor } = await cluster.until(session.history("/c"));
  expect(floor.revision).toBeGreaterThan(revision);
  const gone = await cluster.until(errorOf(session.get("/c", { revision: floor.revision - 1 })));
  expect(gone.details).toEqual({ floor: floor.revision });
});
