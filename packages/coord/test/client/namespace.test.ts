import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { ensurePath } from "../../src/recipes/names.ts";
import { text } from "../../src/client/values.ts";
import { collect, isPending, rejection, World } from "../recipes/world.ts";
import { errorOf } from "./fake-cluster.ts";

test("makes the namespace when it is absent, and finds it when it is there", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const app = await world.until(coord.namespace("/apps/shop"));
  await world.until(app.session.put("/open", "yes"));
  const again = await world.client({ namespace: "/apps/shop" });
  expect(text((await world.until(again.session.get("/open"))) ?? new Uint8Array())).toBe("yes");
  expect(text((await world.until(session.get("/apps/shop/open"))) ?? new Uint8Array())).toBe("yes");
  expect(await world.until(again.session.exists("/apps"))).toBe(null);
});

test("a namespace within another is below it, and the root of one is itself", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const app = await world.until(coord.namespace("/app"));
  const part = await world.until(app.namespace("/part"));
  const same = await world.until(part.namespace("/"));
  const { path } = await world.until(same.session.create("/x"));
  expect(path).toBe("/x");
  expect(await world.until(session.exists("/app/part/x"))).not.toBe(null);
  expect((await world.until(app.session.children("/")))?.names).toEqual(["part"]);
});

test.each(["", "app", "/app/", "/../x", "/a/..", "/a/./b", "//"])(
  "refuses %j as a namespace",
  async (path) => {
    const world = await World.start();
    const { coord } = await world.client();
    expect((await world.until(errorOf(coord.namespace(path)))).code).toBe("ERR_FLOTILLA_BAD_PATH");
    expect((await errorOf(world.client({ namespace: path }))).code).toBe("ERR_FLOTILLA_BAD_PATH");
  },
);

test("a transaction tells all that it does outside of one", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const { session } = await world.until(coord.namespace("/app"));
  await world.until(session.put("/count", "7"));
  const { results } = await world.until(
    session.multi([
      { type: "add", path: "/count", by: 5 },
      { type: "create", path: "/made", value: "" },
    ]),
  );
  expect(results).toMatchObject([{ path: "/count", sum: 12 }, { path: "/made" }]);
});

test("errors name paths as they are within", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const { session } = await world.until(coord.namespace("/app"));
  const { message, code } = await world.until(errorOf(session.set("/gone", "")));
  expect(code).toBe("ERR_FLOTILLA_NOT_FOUND");
  expect(message).toContain("/gone");
  expect(message).not.toContain("/app");
  const long = `/${"x".repeat(4_093)}`;
  expect((await world.until(errorOf(session.create(long)))).message).not.toContain("/app");
  expect((await world.until(errorOf(session.delete("/")))).code).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
});

test("a watch tells paths as they are within, also in a snapshot, and goes on from a token", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const app = await world.until(coord.namespace("/app"));
  await world.until(app.session.create("/a"));
  const watch = await world.until(app.session.watch("/", { kind: "recursive", initial: true }));
  const { items } = collect(watch);
  await world.until(session.create("/application"));
  await world.until(app.session.create("/a/b"));
  await world.pass(100);
  const told = items.map((event) =>
    event.type === "snapshot" ? event.nodes.map(({ path }) => path) : event.path,
  );
  expect(told).toEqual([["/", "/a"], "/a/b"]);
  const from = await world.until(app.session.watch("/a", { kind: "children", from: watch.token }));
  await world.until(app.session.create("/a/c"));
  const next = await world.until(from[Symbol.asyncIterator]().next());
  expect(next.value).toMatchObject({ type: "created", path: "/a/c" });
  await world.until(from.close());
});

test("two views of one namespace on one session exclude each other", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const [a, b] = [await world.until(coord.namespace("/app")), await world.until(coord.namespace("/app"))];
  const held = await world.until(a.lock("x").acquire());
  expect(await world.until(b.lock("x").tryAcquire())).toBe(null);
  const waiting = b.lock("x").acquire();
  await world.pass(500);
  expect(await isPending(waiting)).toBe(true);
  await world.until(held.release());
  const next = await world.until(waiting);
  expect(next.epoch).toBeGreaterThan(held.epoch);
});

test("recipes of different namespaces have nothing to do with each other, and their fences hold", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const [a, b] = [await world.until(coord.namespace("/a")), await world.until(coord.namespace("/b"))];
  const held = await world.until(a.lock("x").acquire());
  const other = await world.until(b.lock("x").acquire());
  await world.until(a.session.put("/done", "1", { fence: held.fence }));
  const foreign = errorOf(session.put("/done", "1", { fence: held.fence }));
  expect((await world.until(foreign)).code).toBe("ERR_FLOTILLA_FENCED");
  await world.until(held.release());
  const late = errorOf(a.session.put("/done", "2", { fence: held.fence }));
  expect((await world.until(late)).code).toBe("ERR_FLOTILLA_FENCED");
  await world.until(b.registry.register({ name: "api", address: "h:1" }));
  expect(await world.until(a.registry.find("api"))).toEqual([]);
  expect((await world.until(b.registry.find("api"))).length).toBe(1);
  other.assert();
});

test("a view closes nothing, its session is the one it came from", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const app = await world.until(coord.namespace("/app"));
  await world.until(app.close());
  expect(session.state).toBe("connected");
  expect([app.session.id, app.session.state, app.session.lease]).toEqual([
    session.id,
    "connected",
    session.lease,
  ]);
  const own = await world.client({ namespace: "/app" });
  await world.until(own.coord.close());
  expect(own.session.state).toBe("closed");
});

test("a recipe in a namespace that was deleted says so instead of trying for ever", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const app = await world.until(coord.namespace("/app"));
  await world.until(session.delete("/app", { recursive: true }));
  const error = await world.until(rejection(app.lock("x").acquire()));
  expect(FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")).toBe(true);
  const direct = await world.until(rejection(ensurePath(app.session, "/a/b")));
  expect(FlotillaError.is(direct, "ERR_FLOTILLA_NOT_FOUND")).toBe(true);
});

test("a member sees namespaces as a client does", async () => {
  const world = await World.start();
  const node = world.cluster.node("n1");
  const app = await world.until(node.namespace("/app"));
  await world.until(app.session.put("/a", "1"));
  expect(await world.until(app.session.get("/a", { level: "local" }))).not.toBe(null);
  expect(await world.until(node.session.exists("/app/a"))).not.toBe(null);
});
