import { expect, test } from "vitest";
import { collect, World } from "../recipes/world.ts";

/** A path that is as long as a path may be. */
function longest(n: number): string {
  const parts = [String(n).padStart(5, "0"), ...Array.from({ length: 20 }, () => "x".repeat(200))];
  return `/${parts.join("/")}`.padEnd(4_096, "y");
}

test("as many watches as a session may have, with paths and filters as long as may be, go on after a broken link", async () => {
  const world = await World.start(1);
  const client = await world.client();
  const { session } = client;
  const filter = { names: "n".repeat(200) };
  const watches = [];
  for (let n = 0; n < 999; n += 1) {
    watches.push(await world.until(session.watch(longest(n), { kind: "recursive", filter })));
  }
  const { items } = collect(await world.until(session.watch("/a")));
  world.reset(client);
  await world.pass(10_000);
  expect(session.state).toBe("connected");
  await world.until(session.put("/a", "1"));
  await world.pass(100);
  expect(items.map(({ type }) => type)).toEqual(["created"]);
});

test("watches that one attach cannot name are told of a change before a read shows it", async () => {
  const world = await World.start(3);
  const [a, b] = [await world.client({ sessionTtlMs: 4_000 }), await world.client({ sessionTtlMs: 4_000 })];
  const order: string[] = [];
  for (let n = 0; n < 999; n += 1) await world.until(a.session.watch(longest(n)));
  await world.until(a.session.put("/k", "0"));
  const watch = await world.until(a.session.watch("/k"));
  void (async () => {
    for await (const { type } of watch) order.push(type);
  })();
  await world.pass(200);
  world.isolate(a);
  await world.pass(20);
  const read = a.session.exists("/k").then((stat) => order.push(`read version ${stat?.version}`));
  await world.until(b.session.put("/k", "1"));
  await world.pass(100);
  world.reset(a);
  world.heal(a);
  await world.until(read);
  await world.pass(500);
  expect(order).toEqual(["changed", "read version 1"]);
});

test("watches that stand move to another server, however many one attach can name and whatever the budgets say", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 20_000 });
  const { session } = client;
  const watches = [];
  for (let n = 0; n < 600; n += 1) watches.push(collect(await world.until(session.watch(longest(n)))));
  let ended = 0;
  for (const { done } of watches) void done.catch(() => (ended += 1));
  await world.until(session.setBudget("/", { watches: { hard: 300 } }));
  const { server } = session;
  for (const id of world.cluster.ids) if (id === server) world.kernel.network.cutBoth(client.machine, id);
  world.reset(client);
  await world.pass(8_000);
  expect(session.state).toBe("connected");
  expect(session.server).not.toBe(server);
  expect(ended).toBe(0);
  await expect(world.until(session.watch("/one/more"))).rejects.toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
});

test("a watch whose consumer was behind goes on, though others took all that a budget allows", async () => {
  const world = await World.start(1);
  const [a, b] = [await world.client(), await world.client()];
  await world.until(a.session.put("/q", ""));
  await world.until(a.session.setBudget("/q", { watches: { hard: 1 } }));
  const watch = await world.until(a.session.watch("/q"));
  const count = 18;
  for (let n = 0; n < count; n += 1) await world.until(b.session.put("/q", new Uint8Array(1_000_000)));
  await world.pass(500);
  await world.until(b.session.watch("/q"));
  const { items, done } = collect(watch);
  const failed: unknown[] = [];
  void done.catch((error: unknown) => failed.push(error));
  await world.pass(500);
  expect(failed).toEqual([]);
  expect(items).toHaveLength(count);
});
