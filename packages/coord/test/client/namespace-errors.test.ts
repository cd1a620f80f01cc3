import type { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { namespaced } from "../../src/client/namespaced-session.ts";
import { collect, World } from "../recipes/world.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

/** A view, and the session it is one of. */
async function view(root: string): Promise<{ world: World; session: Session; within: Session }> {
  const world = await World.start();
  const { session } = await world.client();
  const ways = root.split("/").slice(1);
  for (const at of ways.keys()) await world.until(session.create(`/${ways.slice(0, at + 1).join("/")}`));
  return { world, session, within: namespaced(session, root) };
}

/** How the calls that a budget refuses reject. */
async function refusals(world: World, within: Session, path: string): Promise<readonly FlotillaError[]> {
  const calls = [
    within.create(path),
    within.put(path, ""),
    within.multi([{ type: "create", path, value: "" }]),
    within.multi([{ type: "create", path, value: "" }], { if: [{ type: "check", path: "/", exists: true }] }),
  ];
  return world.until(Promise.all(calls.map(errorOf)));
}

test("of a budget above, errors say only that there is one", async () => {
  const { world, session, within } = await view("/secret/ns");
  await world.until(session.setBudget("/secret", { nodes: { hard: 2 } }));
  for (const error of await refusals(world, within, "/c")) {
    expect(error.code).toBe("ERR_FLOTILLA_QUOTA");
    expect(error.message).toContain("a budget above allows 2 nodes");
    expect(error.message).not.toContain("secret");
    expect(JSON.stringify(error.details)).not.toContain("secret");
    expect(error.details["budget"]).toMatchObject({ path: null, kind: "nodes", limit: 2 });
  }
});

test.each(["/part", "/app", "/$&"])("a budget at %s within is named as it is there", async (path) => {
  const { world, within } = await view("/app");
  await world.until(within.create(path));
  await world.until(within.setBudget(path, { nodes: { hard: 1 } }));
  for (const { message, details } of await refusals(world, within, `${path}/c`)) {
    expect(message).toContain(`the budget of ${path} allows`);
    expect(details["budget"]).toMatchObject({ path });
  }
});

test.each(["/app", "/app/app", "/x/app/y", "/$&/z", "/application"])(
  "an error about %s names it, whatever the root is called",
  async (path) => {
    const { world, within } = await view("/app");
    const { message } = await world.until(errorOf(within.set(path, "")));
    expect(message).toMatch(/^set \//u);
    expect(message.slice(0, 4 + path.length + 1)).toBe(`set ${path}:`);
    const past = await world.until(errorOf(within.get(path, { revision: 1_000 })));
    expect(past.message.slice(0, 4 + path.length + 4)).toBe(`get ${path} at `);
  },
);

test("a watch that a budget refuses or ends names no path outside", async () => {
  const cluster = new FakeCluster();
  const within = namespaced(await cluster.open(), "/secret/ns");
  const excess = { path: "/secret", kind: "watches", limit: 1, wanted: 2, used: 1, count: 1 } as const;
  const watch = await cluster.until(within.watch("/a"));
  const ended = errorOf(collect(watch).done);
  cluster.manners.arm = false;
  const refused = errorOf(within.watch("/a"));
  await cluster.pass(10);
  for (const sent of cluster.last.of("watch"))
    cluster.last.send({ type: "watch-refused", id: sent.watch.id, excess });
  for (const { message, details } of await cluster.until(Promise.all([ended, refused]))) {
    expect(message).toMatch(/^watch \/a: a budget above allows 1 /u);
    expect(message).not.toContain("secret");
    expect(details["budget"]).toMatchObject({ path: null });
  }
});

test("a path that is too long with its root is refused as it is within, and never at once", async () => {
  const root = `/${"secret".repeat(30)}`;
  const { world, within } = await view(root);
  const long = `/${"x".repeat(4_090)}`;
  const fence = { path: long, mzxid: 1 };
  const calls: readonly (() => Promise<unknown>)[] = [
    () => within.get(long),
    () => within.create(long),
    () => within.create(long, "", { sequential: true }),
    () => within.set(long, ""),
    () => within.put(long, ""),
    () => within.add(long, 1),
    () => within.delete(long),
    () => within.set("/a", "", { fence }),
    () => within.multi([{ type: "put", path: long, value: "" }]),
    () => within.multi([], { if: [{ type: "check", path: long }] }),
    () => within.watch(long),
    () => within.getBudget(long),
    () => within.budgets("/", { after: long }),
  ];
  for (const call of calls) {
    const error = await world.until(errorOf(call()));
    expect(error.code).toBe("ERR_FLOTILLA_BAD_PATH");
    expect(error.message).not.toContain("secret");
    expect(error.message).toContain(JSON.stringify(long.slice(0, 100)));
  }
});
