import { Machine } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { RawClient } from "./world.ts";
import { get, historyId, put, sessionA, sessionB, spec, World } from "./world.ts";

/** Each message of events: the path of its first, and whom it is for. */
function toldOf(client: RawClient): string[] {
  return client.of("events").map(({ ids, events }) => [events[0]?.path, ...ids].join(" "));
}

test("watches tell every change before the answer that shows it, in order", async () => {
  const world = new World();
  const client = await world.attached();
  client.send({ type: "watch", after: 0, watch: spec(1, "/") });
  client.request(1, put("/a", "1"));
  client.request(2, put("/b", "2"));
  await world.settle();
  await world.commit();
  expect(client.kinds).toEqual(["armed", "events", "result", "events", "result"]);
  expect(
    client.of("events").flatMap(({ events }) => events.map(({ path, revision }) => [path, revision])),
  ).toEqual([
    ["/a", 1],
    ["/b", 2],
  ]);
});

test("watches of a session that are told the same are told in one message, others by themselves", async () => {
  const world = new World();
  const all = { types: ["created", "changed", "deleted"], names: null, bookmarkMs: null } as const;
  const bare = { wants: { ...all, values: false, previous: false } };
  const pairs = { wants: { ...all, values: true, previous: true } };
  const watches = [
    spec(1, "/a"),
    spec(2, "/a", { kind: "data" }),
    spec(3, "/a", bare),
    spec(4, "/a", pairs),
    spec(5, "/a", pairs),
    spec(6, "/a/b"),
  ];
  const client = await world.attached(sessionA, watches);
  const other = await world.attached(sessionB, [spec(1, "/a"), spec(2, "/a")]);
  client.request(1, put("/a", "1"));
  client.request(2, put("/a/b", "2"));
  await world.settle();
  await world.commit();
  expect(toldOf(client)).toEqual(["/a 2 1", "/a 3", "/a 4 5", "/a/b 6 1", "/a/b 3", "/a/b 4 5"]);
  expect(toldOf(other)).toEqual(["/a 1 2", "/a/b 1 2"]);
});

test("watches are armed after the writes issued before them", async () => {
  const world = new World();
  const client = await world.attached();
  client.request(1, put("/a", "1"));
  client.send({ type: "watch", after: 1, watch: spec(1, "/a", { kind: "data" }) });
  await world.settle();
  await world.commit();
  expect(client.kinds).toEqual(["result", "armed"]);
  expect(client.of("armed")[0]?.token).toEqual({ historyId, revision: 1, ordinal: 0 });
});

test("watches resume at their token, before any answer", async () => {
  const world = new World();
  const first = await world.attached();
  for (const seq of [1, 2, 3]) first.request(seq, put("/a", String(seq)));
  await world.settle();
  await world.commit();
  const from = { historyId, revision: 1, ordinal: 0 };
  const second = world.client();
  second.attach(sessionA, 2, { ttlMs: null, watches: [spec(9, "/a", { kind: "data", from })] });
  await world.settle();
  await world.commit();
  expect(second.kinds).toEqual(["attached", "armed", "events", "result", "result", "result"]);
  expect(second.of("armed")[0]?.token).toEqual(from);
  expect(second.of("events")[0]?.events.map((event) => event.revision)).toEqual([2, 3]);
});

test("watches of another history, or older than what is kept, start with a snapshot at one revision", async () => {
  const world = new World(new Machine({ historyLimits: { events: 1 } }));
  const first = await world.attached();
  for (const seq of [1, 2, 3]) first.request(seq, put(`/n${seq}`, String(seq)));
  await world.settle();
  await world.commit();
  const second = await world.attached(sessionB, [
    spec(1, "/", { from: { historyId, revision: 1, ordinal: 0 } }),
    spec(2, "/", { kind: "children", from: { historyId: "e".repeat(32), revision: 3, ordinal: 0 } }),
    spec(3, "/n2", { kind: "data", from: { historyId, revision: 0, ordinal: 0 } }),
  ]);
  second.request(1, put("/n4", "4"));
  await world.settle();
  await world.commit();
  const again = world.client();
  again.attach(sessionB, 2, {
    ttlMs: null,
    watches: [
      spec(1, "/", { from: { historyId, revision: 1, ordinal: 0 } }),
      spec(2, "/", { kind: "children", from: { historyId: "e".repeat(32), revision: 3, ordinal: 0 } }),
      spec(3, "/n2", { kind: "data", from: { historyId, revision: 0, ordinal: 0 } }),
    ],
  });
  await world.settle();
  await world.commit();
  const paths = (id: number): string[] =>
    again.of("snapshot").flatMap((page) => (page.id === id ? page.nodes.map((node) => node.path) : []));
  expect(paths(1)).toEqual(["/", "/n1", "/n2", "/n3", "/n4"]);
  expect(paths(2)).toEqual(["/", "/n1", "/n2", "/n3", "/n4"]);
  expect(paths(3)).toEqual(["/n2"]);
  expect(new Set(again.of("snapshot").map((page) => page.revision))).toEqual(new Set([4]));
  expect(
    again
      .of("snapshot")
      .filter((page) => page.last)
      .map((page) => page.id)
      .toSorted((a, b) => a - b),
  ).toEqual([1, 2, 3]);
  expect(again.kinds.at(-1)).toBe("result");
});

test("watches ahead of what is applied stay silent until then", async () => {
  const world = new World();
  const client = await world.attached(sessionA, [
    spec(1, "/", { from: { historyId, revision: 2, ordinal: 0 } }),
  ]);
  for (const seq of [1, 2, 3]) client.request(seq, put("/a", String(seq)));
  await world.settle();
  await world.commit();
  expect(client.of("events").flatMap(({ events }) => events.map((event) => event.revision))).toEqual([3]);
});

test("watches of a slow client wait without answers running ahead, then go on from history", async () => {
  const world = new World();
  const client = await world.attached(sessionA, [spec(1, "/")]);
  world.bufferedBytes = 2_000_000;
  for (let seq = 1; seq <= 600; seq += 1) client.request(seq, put("/a", String(seq)));
  client.read(1, get("/a"), { after: 600 });
  client.send({ type: "ping", number: 1 });
  await world.settle();
  await world.commit();
  await world.clock.advance(1_000);
  expect(client.kinds).toEqual(["pong"]);
  world.bufferedBytes = 0;
  await world.clock.advance(20);
  const revisions = client.of("events").flatMap(({ events }) => events.map((event) => event.revision));
  expect(revisions).toEqual(Array.from({ length: 600 }, (_, k) => k + 1));
  expect(client.kinds.lastIndexOf("events")).toBeLessThan(client.kinds.indexOf("result"));
  expect(client.results.length).toBe(600);
  expect(client.kinds.at(-1)).toBe("read-result");
  client.heard.length = 0;
  client.request(601, put("/a", "live"), 600);
  await world.settle();
  await world.commit();
  expect(client.kinds).toEqual(["events", "result"]);
});

test("watches of a client too slow for the history get a snapshot, not an endless queue", async () => {
  const world = new World(new Machine({ historyLimits: { events: 10 } }));
  const client = await world.attached(sessionA, [spec(1, "/")]);
  world.bufferedBytes = 2_000_000;
  for (let seq = 1; seq <= 50; seq += 1) client.request(seq, put(`/n${seq % 3}`, String(seq)));
  await world.settle();
  await world.commit();
  world.bufferedBytes = 0;
  await world.clock.advance(20);
  expect(client.of("events")).toEqual([]);
  const pages = client.of("snapshot");
  expect(pages.flatMap((page) => page.nodes.map((node) => node.path))).toEqual(["/", "/n0", "/n1", "/n2"]);
  expect(pages.at(-1)).toMatchObject({ last: true, revision: 50 });
});

test("a watch that is taken back while it waits for a write is never armed", async () => {
  const world = new World();
  const client = await world.attached();
  client.request(1, put("/a", "1"));
  client.send({ type: "watch", after: 1, watch: spec(7, "/") });
  client.send({ type: "watch", after: 1, watch: spec(8, "/") });
  client.send({ type: "unwatch", id: 7 });
  await world.settle();
  await world.commit();
  expect(client.of("armed").map(({ id }) => id)).toEqual([8]);
});

test("watches that are taken back tell nothing more", async () => {
  const world = new World();
  const client = await world.attached(sessionA, [spec(1, "/")]);
  client.send({ type: "unwatch", id: 1 });
  client.request(1, put("/a", "1"));
  await world.settle();
  await world.commit();
  expect(client.kinds).toEqual(["result"]);
  client.close();
  await world.settle();
  expect(world.parts.hub.watches.size).toBe(0);
});

test("watches at no path end the channel", async () => {
  const world = new World();
  const client = await world.attached();
  client.send({ type: "watch", after: 0, watch: spec(1, "nowhere") });
  await world.settle();
  expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_BAD_PATH"]);
});

test("watches that are taken back while they wait for a write keep no place", async () => {
  const world = new World();
  const client = await world.attached();
  client.request(1, put("/a", "1"));
  for (let id = 1; id <= 3_000; id += 1) {
    client.send({ type: "watch", after: 1, watch: spec(id, "/a") });
    client.send({ type: "unwatch", id });
  }
  client.send({ type: "watch", after: 1, watch: spec(3_001, "/a") });
  await world.settle();
  await world.commit();
  expect(client.of("ended")).toEqual([]);
  expect(client.of("armed").map(({ id }) => id)).toEqual([3_001]);
});

test("as many watches and reads as a client of ours has under way may wait for one write", async () => {
  const world = new World();
  const client = await world.attached();
  client.request(1, put("/a", "1"));
  for (let id = 1; id <= 400; id += 1) client.read(id, get("/a"), { after: 1 });
  for (let id = 1; id <= 1_000; id += 1) client.send({ type: "watch", after: 1, watch: spec(id, "/a") });
  await world.settle();
  await world.commit();
  expect(client.of("ended")).toEqual([]);
  expect(client.of("armed")).toHaveLength(1_000);
  expect(client.of("read-result")).toHaveLength(400);
});

test("a watch that stood before goes on whatever a budget says, one that is new does not", async () => {
  const world = new World();
  const client = await world.attached();
  client.request(1, { type: "set-budget", path: "/", budget: { watches: { hard: 1 } } });
  await world.settle();
  await world.commit();
  const from = { historyId, revision: 0, ordinal: 0 };
  const watch = (id: number): void =>
    client.send({ type: "watch", after: 0, watch: spec(id, "/", { from }) });
  const unwatch = (id: number): void => client.send({ type: "unwatch", id });
  watch(1);
  watch(2);
  unwatch(3);
  watch(3);
  unwatch(4);
  watch(5);
  watch(4);
  unwatch(1);
  unwatch(3);
  watch(6);
  watch(7);
  await world.settle();
  expect(client.of("armed").map(({ id }) => id)).toEqual([1, 3, 6]);
  expect(client.of("watch-refused").map(({ id }) => id)).toEqual([2, 5, 4, 7]);
});
