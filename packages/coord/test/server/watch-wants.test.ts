import { limits, Machine } from "@flotilla/kv";
import { describe, expect, test } from "vitest";
import type { WatchWants } from "../../src/wire/messages.ts";
import { outsideHistory } from "../../src/wire/messages.ts";
import type { RawClient } from "./world.ts";
import { historyId, put, sessionA, sessionB, spec, World } from "./world.ts";

const plain: WatchWants = {
  types: ["created", "changed", "deleted"],
  names: null,
  values: true,
  previous: false,
  bookmarkMs: null,
};

function wants(more: Partial<WatchWants>): { readonly wants: WatchWants } {
  return { wants: { ...plain, ...more } };
}

function told(client: RawClient): string[] {
  return client.of("events").flatMap(({ events }) => events.map(({ type, path }) => `${type} ${path}`));
}

/** Writes of one session, one after the other, each in a log entry of its own. */
async function write(
  world: World,
  client: RawClient,
  ...operations: ReturnType<typeof put>[]
): Promise<void> {
  for (const [position, operation] of operations.entries()) client.request(position + 1, operation);
  await world.settle();
  await world.commit();
}

const remove = (path: string) => ({ type: "delete", path, if: {}, force: false }) as const;

describe("a filter", () => {
  const rows: [name: string, more: Partial<WatchWants>, seen: string[]][] = [
    [
      "of types",
      { types: ["created", "deleted"] },
      ["created /a", "created /a/x-1", "created /a/y", "deleted /a/y"],
    ],
    ["of one type", { types: ["changed"] }, ["changed /a/x-1", "changed /a"]],
    ["of names", { names: "x-*" }, ["created /a", "created /a/x-1", "changed /a/x-1", "changed /a"]],
    ["of both", { types: ["deleted"], names: "x*" }, []],
  ];
  test.each(rows)("%s holds for a live watch, and for one that resumes", async (_name, more, seen) => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/a", wants(more))]);
    const operations = [
      put("/a", "0"),
      put("/a/x-1", "1"),
      put("/a/x-1", "2"),
      put("/a/y", "3"),
      put("/a", "4"),
    ];
    await write(world, client, ...operations, remove("/a/y"));
    expect(told(client)).toEqual(seen);
    const from = { historyId, revision: 0, ordinal: 0 };
    const later = await world.attached(sessionB);
    later.send({ type: "watch", after: 0, watch: spec(1, "/a", { from, ...wants(more) }) });
    await world.settle();
    expect(told(later)).toEqual(seen);
  });

  test("of names holds for a snapshot, one of types does not", async () => {
    const world = new World();
    const client = await world.attached();
    await write(world, client, put("/a", "0"), put("/a/x", "1"), put("/a/y", "2"));
    const more = wants({ types: ["deleted"], names: "x", values: false });
    client.send({ type: "watch", after: 0, watch: spec(1, "/a", { from: outsideHistory, ...more }) });
    await world.settle();
    const pages = client.of("snapshot");
    expect(new Set(pages.map(({ reason }) => reason))).toEqual(new Set(["asked"]));
    expect(pages.flatMap(({ nodes }) => nodes.map(({ path, node }) => [path, node.value.length]))).toEqual([
      ["/a", 0],
      ["/a/x", 0],
    ]);
    expect(pages[0]?.nodes[0]?.node.stat.dataLength).toBe(1);
  });
});

test("values are left out, and nodes before a change come along, as asked", async () => {
  const world = new World();
  const all = { values: [true, false], previous: [true, false] };
  const asked = all.values.flatMap((values) => all.previous.map((previous) => ({ values, previous })));
  const watches = asked.map((more, at) => spec(at + 1, "/a", wants(more)));
  const client = await world.attached(sessionA, watches);
  await write(world, client, put("/a", "one"), put("/a", "two"), remove("/a"));
  for (const [at, { values, previous }] of asked.entries()) {
    const events = client
      .of("events")
      .flatMap((message) => (message.ids.includes(at + 1) ? message.events : []));
    const value = (text: string) => new TextEncoder().encode(values ? text : "");
    const node = (text: string, version: number) => ({
      value: value(text),
      stat: { version, dataLength: 3 },
    });
    const before = previous ? [null, node("one", 0), node("two", 1)] : [null, null, null];
    const after = [node("one", 0), node("two", 1), null];
    expect(events).toMatchObject(before.map((was, index) => ({ node: after[index], previous: was })));
  }
});

describe("a bookmark", () => {
  const marked = wants({ bookmarkMs: 1_000 });

  test("tells where a quiet watch stands, once for each place", async () => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/quiet", marked), spec(2, "/quiet")]);
    await write(world, client, put("/a", "1"), put("/b", "2"));
    await world.clock.advance(999);
    expect(client.of("bookmark")).toEqual([]);
    await world.clock.advance(5_000);
    expect(client.of("bookmark")).toEqual([
      { type: "bookmark", id: 1, token: { historyId, revision: 2, ordinal: 0 } },
    ]);
  });

  test("is not told where an event has just said the same, nor once the watch is taken back", async () => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/a", marked), spec(2, "/quiet", marked)]);
    await write(world, client, put("/a", "1"));
    client.send({ type: "unwatch", id: 2 });
    await world.settle();
    await world.clock.advance(5_000);
    expect(client.of("bookmark")).toEqual([]);
  });

  test("waits for a slow client, and comes behind the events before it", async () => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/a", marked)]);
    world.bufferedBytes = 2_000_000;
    await write(world, client, put("/a", "1"), put("/b", "2"));
    await world.clock.advance(3_000);
    expect(client.kinds).toEqual([]);
    world.bufferedBytes = 0;
    await world.clock.advance(20);
    expect(client.kinds).toEqual(["events", "bookmark", "result", "result"]);
  });

  test("comes at once for a watch that resumed behind much that is not for it", async () => {
    const world = new World();
    const writer = await world.attached();
    await write(world, writer, ...Array.from({ length: 600 }, (_, number) => put("/b", String(number))));
    const client = await world.attached(sessionB);
    const from = { historyId, revision: 1, ordinal: 0 };
    client.send({ type: "watch", after: 0, watch: spec(1, "/a", { from, ...marked }) });
    await world.settle();
    expect(client.of("bookmark").map(({ token }) => token.revision)).toEqual([600]);
  });

  test("comes before history forgets where the watch stood", async () => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/quiet")]);
    const events = limits.historyEvents / 10;
    for (let seq = 1; seq <= events; seq += 1000) {
      for (let at = seq; at < seq + 1000; at += 1) client.request(at, put("/b", ""), at - 1);
      await world.settle();
      await world.commit();
    }
    expect(client.of("bookmark").map(({ token }) => token.revision)).toEqual([events]);
  });
});

test("a quiet watch is told in time where it stands, also of a history that is short", async () => {
  const world = new World(new Machine({ historyLimits: { events: 8 } }));
  const client = await world.attached(sessionA, [spec(1, "/quiet")]);
  for (let seq = 1; seq <= 40; seq += 1) {
    client.request(seq, put("/b", String(seq)), seq - 1);
    await world.settle();
    await world.commit();
    const told = client.of("bookmark").at(-1)?.token.revision ?? 0;
    expect(told).toBeGreaterThanOrEqual(world.parts.machine.history.floor.revision);
  }
  expect(client.of("bookmark").length).toBeLessThan(12);
});

describe("a gap says why", () => {
  test("compacted, or another history", async () => {
    const world = new World(new Machine({ historyLimits: { events: 1 } }));
    const client = await world.attached();
    await write(world, client, put("/a", "1"), put("/a", "2"), put("/a", "3"));
    for (const [id, history] of [historyId, "e".repeat(32)].entries()) {
      const from = { historyId: history, revision: 1, ordinal: 0 };
      client.send({ type: "watch", after: 0, watch: spec(id, "/a", { from }) });
    }
    await world.settle();
    const reasons = new Map(client.of("snapshot").map(({ id, reason }) => [id, reason]));
    expect(reasons).toEqual(
      new Map([
        [0, "compacted"],
        [1, "other-history"],
      ]),
    );
  });

  test("fell behind", async () => {
    const world = new World(new Machine({ historyLimits: { events: 2 } }));
    const client = await world.attached(sessionA, [spec(1, "/a")]);
    world.bufferedBytes = 2_000_000;
    await write(world, client, put("/a", "1"), put("/a", "2"), put("/a", "3"));
    world.bufferedBytes = 0;
    await world.clock.advance(20);
    expect(new Set(client.of("snapshot").map(({ reason }) => reason))).toEqual(new Set(["fell-behind"]));
  });
});
