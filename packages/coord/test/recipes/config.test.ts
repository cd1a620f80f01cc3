import { expect, test } from "vitest";
import type { StandardSchema } from "../../src/client/schema.ts";
import { differences } from "../../src/recipes/config/difference.ts";
import { type Flags, flagsOf, flagsSchema } from "./flags.ts";
import { collect, isPending, rejection, World } from "./world.ts";

const old: Flags = { checkout: "old", rate: 0.1 };
const fresh: Flags = { checkout: "new", rate: 0.5 };

const deep = (leaf: number): unknown => JSON.parse(`${"[".repeat(200)}${leaf}${"]".repeat(200)}`);

test("a version is a whole document, with who wrote it, when and why", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const config = a.coord.config("flags", { schema: flagsSchema, by: "ann" });
  expect(await world.until(config.get())).toBeNull();
  const first = await world.until(config.set(old, { note: "begin" }));
  expect(first).toMatchObject({ version: 1, value: old, by: "ann", note: "begin", restored: null });
  expect(first.atMs).toBeGreaterThan(0);
  expect(await world.until(flagsOf(b).get())).toEqual(first);
  const second = await world.until(flagsOf(b).set(fresh));
  expect(second).toMatchObject({ version: 2, value: fresh, by: b.session.id, note: "" });
  expect(await world.until(config.history())).toEqual([second, first]);
  expect(await world.until(config.history({ before: 2 }))).toEqual([first]);
  expect(await world.until(config.history({ limit: 1 }))).toEqual([second]);
});

test("what does not fit the schema is refused before anything is sent", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  await world.until(config.set(old));
  const wrong = { checkout: "new", rate: 7 };
  const bad = {
    code: "ERR_FLOTILLA_BAD_VALUE",
    details: { issues: [{ message: "expected a number from 0 to 1", path: ["rate"] }] },
  };
  expect(await rejection(config.set(wrong))).toMatchObject(bad);
  expect(await rejection(config.draft(wrong))).toMatchObject(bad);
  expect(await world.until(rejection(config.update(() => wrong)))).toMatchObject(bad);
  expect(await world.until(config.get())).toMatchObject({ version: 1, value: old });
});

test("a schema may take its time, and make something else of what is stored", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const upper: StandardSchema<string, number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => (typeof value === "string" ? { value: value.length } : { issues: [] }),
    },
  };
  const config = coord.config("x", { schema: upper });
  expect(await world.until(config.set("four"))).toMatchObject({ value: 4 });
  expect(await world.until(config.get())).toMatchObject({ value: 4 });
  expect(await world.until(config.history())).toMatchObject([{ value: "four" }]);
});

test("of changes at the same time none is lost, and each is told the version that it made", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  await world.until(flagsOf(clients[0]).set({ checkout: "", rate: 0 }));
  const changing = clients.flatMap((client) =>
    Array.from({ length: 5 }, () =>
      flagsOf(client).update((flags) => ({ checkout: `${flags?.checkout}x`, rate: 0 })),
    ),
  );
  const versions = (await world.until(Promise.all(changing))).map(({ version }) => version);
  expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, n) => n + 2));
  expect((await world.until(flagsOf(clients[0]).get()))?.value.checkout).toBe("x".repeat(15));
});

test("a write that asks for a version is refused after another one", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  await world.until(config.set(old, { version: 0 }));
  for (const version of [0, 2])
    expect(await world.until(rejection(config.set(fresh, { version })))).toMatchObject({
      code: "ERR_FLOTILLA_BAD_VERSION",
    });
  expect(await world.until(config.set(fresh, { version: 1 }))).toMatchObject({ version: 2 });
});

test("a write takes the fence of a lock", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  const held = await world.until(client.coord.lock("l").acquire());
  const { fence } = held;
  await world.until(config.set(old, { fence }));
  await world.until(config.set(fresh, { fence }));
  await world.until(held.release());
  expect(await world.until(rejection(config.set(old, { fence })))).toMatchObject({
    code: "ERR_FLOTILLA_FENCED",
  });
  expect(await world.until(config.get())).toMatchObject({ version: 2, value: fresh });
});

test("so many versions are kept, also when fewer are wanted than there are", async () => {
  const world = await World.start();
  const client = await world.client();
  for (let n = 1; n <= 6; n += 1) await world.until(flagsOf(client, 4).set({ checkout: String(n), rate: 0 }));
  const kept = async (): Promise<number[]> =>
    (await world.until(flagsOf(client).history())).map(({ version }) => version);
  expect(await kept()).toEqual([6, 5, 4, 3]);
  await world.until(flagsOf(client, 2).set(old));
  expect(await kept()).toEqual([7, 6]);
  await world.until(flagsOf(client, 1).set(old));
  expect(await kept()).toEqual([8]);
});

test("a rollback is a version of its own, of a value that is kept and still fits", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client, 3);
  await world.until(config.set(old));
  await world.until(config.set(fresh));
  const restored = await world.until(config.rollback(1, { note: "too soon" }));
  expect(restored).toMatchObject({ version: 3, value: old, restored: 1, note: "too soon" });
  await world.until(config.set(fresh));
  expect(await world.until(rejection(config.rollback(1)))).toMatchObject({ code: "ERR_FLOTILLA_NOT_FOUND" });
  const nothing: StandardSchema<Flags> = {
    "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "no" }] }) },
  };
  const strict = client.coord.config("flags", { schema: nothing });
  expect(await world.until(rejection(strict.rollback(2)))).toMatchObject({ code: "ERR_FLOTILLA_BAD_VALUE" });
  expect(await world.until(config.get())).toMatchObject({ version: 4 });
});

test("a difference tells places, what was there and what is", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  await world.until(config.set(old));
  await world.until(config.set({ ...old, rate: 0.2 }));
  expect(await world.until(config.diff(1, 2))).toEqual([
    { path: ["rate"], type: "changed", before: 0.1, after: 0.2 },
  ]);
  expect(await world.until(rejection(config.diff(1, 3)))).toMatchObject({ code: "ERR_FLOTILLA_NOT_FOUND" });
  expect(differences({ a: [1, { b: null }], c: 1 }, { a: [1, { b: 2 }, 3], d: "x" })).toEqual([
    { path: ["a", 1, "b"], type: "changed", before: null, after: 2 },
    { path: ["a", 2], type: "added", before: undefined, after: 3 },
    { path: ["c"], type: "removed", before: 1, after: undefined },
    { path: ["d"], type: "added", before: undefined, after: "x" },
  ]);
  expect(differences({ a: [1] }, { a: { 0: 1 } })).toEqual([
    { path: ["a"], type: "changed", before: [1], after: { 0: 1 } },
  ]);
  expect(differences({ a: 1, b: [{}] }, { b: [{}], a: 1 })).toEqual([]);
  expect(differences(1, 2)).toEqual([{ path: [], type: "changed", before: 1, after: 2 }]);
  expect(differences(deep(1), deep(1))).toEqual([]);
  expect(differences(deep(1), deep(2))).toMatchObject([{ type: "changed", path: { length: 32 } }]);
});

test("a watch tells the latest version, then each that follows, in order, over absences", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three({ sessionTtlMs: 20_000 });
  await world.until(flagsOf(a).set(old));
  const stop = new AbortController();
  const { items, done } = collect(flagsOf(b).watch({ signal: stop.signal }));
  const early = collect(c.coord.config("later", { schema: flagsSchema }).watch());
  await world.pass(100);
  expect(items.map(({ version }) => version)).toEqual([1]);
  expect(early.items).toEqual([]);
  await world.until(flagsOf(a).set(fresh));
  world.isolate(b);
  await world.until(flagsOf(a).set(old));
  world.kernel.node(await world.cluster.leader()).crash();
  await world.until(flagsOf(a).set(fresh));
  world.heal(b);
  await world.pass(8_000);
  expect(items.map(({ version, value }) => [version, value])).toEqual([
    [1, old],
    [2, fresh],
    [3, old],
    [4, fresh],
  ]);
  await world.until(a.coord.config("later", { schema: flagsSchema }).set(old));
  await world.pass(100);
  expect(early.items).toMatchObject([{ version: 1 }]);
  stop.abort();
  await world.until(done);
});

test("a version that does not fit the reader's schema ends its watch, or is told and passed over", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const anything: StandardSchema = {
    "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
  };
  const newer = a.coord.config("flags", { schema: anything });
  await world.until(newer.set(old));
  const errors: unknown[] = [];
  const strict = collect(flagsOf(b).watch());
  const lenient = collect(flagsOf(b).watch({ onUnfit: (error) => errors.push(error) }));
  await world.pass(100);
  await world.until(newer.set("another form"));
  await world.until(newer.set(fresh));
  await world.pass(100);
  expect(await rejection(strict.done)).toMatchObject({ code: "ERR_FLOTILLA_BAD_VALUE" });
  expect(await isPending(lenient.done)).toBe(true);
  expect(lenient.items.map(({ version }) => version)).toEqual([1, 3]);
  expect(errors).toMatchObject([{ code: "ERR_FLOTILLA_BAD_VALUE" }]);
});

test("two configs flip together, or not at all", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const colour = { schema: flagsSchema };
  const [blue, green] = [a.coord.config("blue", colour), a.coord.config("green", colour)];
  const items = [...(await world.until(blue.draft(old))), ...(await world.until(green.draft(fresh)))];
  const { revision } = await world.until(a.session.multi(items));
  expect(await world.until(blue.get())).toMatchObject({ version: 1, value: old, revision });
  expect(await world.until(green.get())).toMatchObject({ version: 1, value: fresh, revision });
  const late = [...(await world.until(blue.draft(fresh))), ...(await world.until(green.draft(old)))];
  await world.until(b.coord.config("green", colour).set(fresh));
  expect(await world.until(rejection(a.session.multi(late)))).toMatchObject({ code: "ERR_FLOTILLA_FENCED" });
  expect(await world.until(blue.get())).toMatchObject({ version: 1 });
});

test("a write whose answer is lost with its connection makes one version", async () => {
  for (let events = 0; events < 30; events += 3) {
    const world = await World.start(1, `lost ${events}`);
    const client = await world.client();
    const config = flagsOf(client);
    await world.until(config.set(old));
    const writing = config.set(fresh);
    await world.events(events);
    world.reset(client);
    expect(await world.until(writing)).toMatchObject({ version: 2 });
    expect(await world.until(config.history())).toHaveLength(2);
  }
}, 60_000);

test("names and options are checked, and what is no version is said to be none", async () => {
  const world = await World.start();
  const client = await world.client();
  const { coord, session } = client;
  expect(() => coord.config("a/b", { schema: flagsSchema })).toThrow("one path segment");
  expect(() => coord.config("x", {} as never)).toThrow("Standard Schema");
  expect(() => flagsOf(client, 0)).toThrow("history");
  expect(() => coord.config("x", { schema: flagsSchema, by: "x".repeat(256) })).toThrow("by");
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  const config = flagsOf(client);
  expect(await world.until(rejection(config.set(old, { note: "x".repeat(1_001) })))).toMatchObject(bad);
  expect(await world.until(rejection(config.rollback(0)))).toMatchObject(bad);
  expect(await world.until(rejection(config.history({ limit: 0 })))).toMatchObject(bad);
  await world.until(session.put("/config", ""));
  await world.until(session.put("/config/flags", "mine"));
  for (const call of [() => config.get(), () => config.set(old)])
    expect(await world.until(rejection(call()))).toMatchObject({ code: "ERR_FLOTILLA_BAD_VALUE" });
});

test("a change that never comes back ends with the time of its update, or with its session", async () => {
  const world = await World.start();
  const client = await world.client();
  const never = new Promise<Flags>(() => {});
  const updated = rejection(flagsOf(client).update(() => never, { timeoutMs: 500 }));
  expect(await world.until(updated, 1_000)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT", ambiguous: false });
  const timeless = rejection(flagsOf(client).update(() => never));
  await world.pass(100);
  await world.until(client.session.close());
  expect(await world.until(timeless, 1_000)).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
});
