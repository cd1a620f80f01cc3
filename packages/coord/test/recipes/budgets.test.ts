import { expect, test } from "vitest";
import { permissions } from "../../src/client/index.ts";
import type { Acl, Budget } from "../../src/client/index.ts";
import { collect, rejection, World } from "./world.ts";

const quota = "ERR_FLOTILLA_QUOTA";

test("a write beyond a hard bound is refused by name, alone and within a multi, and a delete is not", async () => {
  const world = await World.start(3);
  const { session } = await world.client();
  await world.until(session.create("/app", "12345"));
  await world.until(session.setBudget("/app", { nodes: { hard: 2 }, bytes: { soft: 4, hard: 8 } }));
  await world.until(session.create("/app/a", "123"));
  const refused = await world.until(rejection(session.create("/app/b", "")));
  expect(refused).toMatchObject({
    code: quota,
    message:
      "create /app/b: the budget of /app allows 2 nodes, and this would make 3: remove some, or have it raised",
    ambiguous: false,
    details: { budget: { path: "/app", kind: "nodes", limit: 2, used: 2, wanted: 3 } },
  });
  const multi = session.multi([
    { type: "set", path: "/app/a", value: "" },
    { type: "set", path: "/app", value: "123456789" },
  ]);
  expect(await world.until(rejection(multi))).toMatchObject({
    code: quota,
    details: { failed: 1, budget: { path: "/app", kind: "bytes", limit: 8, used: 5, wanted: 9 } },
  });
  expect(await world.until(session.getBudget("/app"))).toEqual({
    path: "/app",
    budget: { nodes: { hard: 2 }, bytes: { soft: 4, hard: 8 } },
    used: { nodes: 2, bytes: 8 },
  });
  expect(await world.until(session.delete("/app/a"))).toBe(true);
  await world.until(session.create("/app/b", ""));
  await world.until(session.setBudget("/app", null));
  expect(await world.until(session.getBudget("/app"))).toBeNull();
  expect(await world.until(rejection(session.setBudget("/app", null)))).toMatchObject({
    code: "ERR_FLOTILLA_NOT_FOUND",
  });
});

test.each([
  ["none at all", {}],
  ["of no known kind", { doors: { hard: 1 } }],
  ["that are no numbers", { nodes: { hard: "many" } }],
  ["that are nothing", { nodes: null }],
  ["below 0", { nodes: { hard: -1 } }],
  ["the soft one above the hard one", { bytes: { soft: 2, hard: 1 } }],
])("bounds are refused before they are sent: %s", async (_what, budget) => {
  const world = await World.start();
  const { session } = await world.client();
  const refused = await world.until(rejection(session.setBudget("/a", budget as Budget)));
  expect(refused).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("budgets are listed in pages, without those of nodes that may not be read", async () => {
  const world = await World.start();
  const { session } = await world.client({ auth: [{ user: "ann", password: "a" }] });
  const { session: other } = await world.client();
  const own: Acl = [{ scheme: "auth", id: "", permissions: permissions.all }];
  await world.until(session.create("/own", "", { acl: own }));
  for (const path of ["/own", "/none", "/z"])
    await world.until(session.setBudget(path, { nodes: { soft: 9 } }));
  const first = await world.until(session.budgets("/", { limit: 2 }));
  expect([first.budgets.map(({ path }) => path), first.next]).toEqual([["/none", "/own"], "/own"]);
  const rest = await world.until(session.budgets("/", { after: "/own" }));
  expect([rest.budgets.map(({ path }) => path), rest.next]).toEqual([["/z"], null]);
  expect((await world.until(session.budgets("/own"))).budgets.length).toBe(1);
  await world.until(other.sync());
  expect((await world.until(other.budgets("/"))).budgets.map(({ path }) => path)).toEqual(["/none", "/z"]);
  expect(await world.until(rejection(other.getBudget("/own")))).toMatchObject({
    code: "ERR_FLOTILLA_NO_AUTH",
  });
});

test("a watch that a server has no room for is refused, others and those that stand go on", async () => {
  const world = await World.start();
  const { session } = await world.client();
  await world.until(session.setBudget("/app", { watches: { hard: 2 } }));
  await world.until(session.create("/app", ""));
  const standing = await world.until(session.watch("/app", { kind: "recursive" }));
  const second = await world.until(session.watch("/app/a"));
  const refused = await world.until(rejection(session.watch("/app/b")));
  expect(refused).toMatchObject({
    code: quota,
    message:
      "watch /app/b: the budget of /app allows 2 watches at a server, and this would make 3: remove some, or have it raised",
    details: { budget: { path: "/app", kind: "watches", limit: 2, used: 2, wanted: 3 } },
  });
  await world.until(session.watch("/apple"));
  await world.until(session.watch("/", { kind: "recursive" }));
  expect((await world.until(session.getBudget("/app")))?.used).toEqual({ nodes: 1, bytes: 0, watches: 2 });
  await world.until(second.close());
  await world.until(session.watch("/app/b"));
  await world.until(session.setBudget("/app", { watches: { hard: 0 } }));
  const seen = collect(standing);
  await world.until(session.create("/app/c", ""));
  await world.pass(100);
  expect(seen.items.map((event) => ("path" in event ? event.path : event.type))).toEqual(["/app/c"]);
});

test("watches that stand are taken to another server, whatever is left there", async () => {
  const world = await World.start(3);
  const client = await world.client();
  const { session } = client;
  await world.until(session.create("/app", ""));
  const watch = await world.until(session.watch("/app", { kind: "recursive" }));
  await world.until(session.setBudget("/app", { watches: { hard: 0 } }));
  const seen = collect(watch);
  const before = session.server ?? "";
  world.kernel.network.cutBoth(client.machine, before);
  await world.until(session.create("/app/c", ""));
  await world.pass(100);
  expect(session.server).not.toBe(before);
  expect(seen.items.map((event) => ("path" in event ? event.path : event.type))).toEqual(["/app/c"]);
});

test("from below a path, a budget there is named by its own path, and of one above only that there is one", async () => {
  const world = await World.start();
  const { coord, session: whole } = await world.client();
  const { session } = await world.until(coord.namespace("/ns"));
  await world.until(session.setBudget("/a", { nodes: { hard: 1 } }));
  await world.until(session.create("/a", ""));
  expect(await world.until(rejection(session.create("/a/b", "")))).toMatchObject({
    message:
      "create /a/b: the budget of /a allows 1 nodes, and this would make 2: remove some, or have it raised",
    details: { budget: { path: "/a" } },
  });
  expect(await world.until(session.budgets("/"))).toMatchObject({ budgets: [{ path: "/a" }], next: null });
  expect(await world.until(session.getBudget("/a"))).toMatchObject({ path: "/a", used: { nodes: 1 } });
  await world.until(whole.setBudget("/", { nodes: { hard: 0 } }));
  expect(await world.until(rejection(session.create("/b", "")))).toMatchObject({
    message: expect.stringContaining("create /b: a budget above allows 0 nodes") as string,
    details: { budget: { path: null, kind: "nodes" } },
  });
});

test("a budget that is used up never keeps a lock from being given back", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  const waiting = rejection(b.coord.lock("x").acquire());
  while ((await world.until(b.coord.lock("x").inspect())).waiters.length === 0) await world.pass(10);
  await world.until(a.session.setBudget("/lock/x", { rate: { hard: 0 } }));
  await world.until(held.release());
  expect(await world.until(waiting)).toMatchObject({ code: quota, details: { budget: { kind: "rate" } } });
  await world.pass(100);
  expect(await world.until(a.coord.lock("x").inspect())).toEqual({ holders: [], waiters: [] });
  await world.until(a.session.setBudget("/lock/x", null));
  await world.until((await world.until(b.coord.lock("x").acquire())).release());
});
