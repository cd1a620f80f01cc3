import { describe, expect, test } from "vitest";
import type {
  BookmarkedWatchOptions,
  WatchBookmark,
  WatchEvent,
  WatchOptions,
} from "../../src/client/api.ts";
import type { ToldEvent } from "../../src/wire/messages.ts";
import { errorOf, FakeCluster, historyId, stat } from "./fake-cluster.ts";

type Options = WatchOptions & Partial<BookmarkedWatchOptions>;

function change(revision: number): ToldEvent {
  const node = { value: new Uint8Array(1), stat: stat() };
  return { revision, ordinal: 0, type: "changed", path: "/a", node, previous: node };
}

function events(id: number, ...revisions: number[]) {
  return { type: "events", ids: [id], previous: true, events: revisions.map(change) } as const;
}

function token(revision: number) {
  return { historyId, revision, ordinal: 0 };
}

function bookmark(id: number, revision: number, history: string = historyId) {
  return { type: "bookmark", id, token: { ...token(revision), historyId: history } } as const;
}

async function watching(options: Options) {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const watch = await cluster.until(session.watch("/a", options as BookmarkedWatchOptions));
  const heard: (WatchEvent | WatchBookmark)[] = [];
  const read = async (): Promise<void> => {
    for await (const event of watch) heard.push(event);
  };
  return { cluster, watch, heard, read };
}

const plain = {
  types: ["created", "changed", "deleted"],
  names: null,
  values: true,
  previous: false,
  bookmarkMs: null,
};

test.each<[Options, object | null]>([
  [{}, null],
  [{ filter: {} }, null],
  [{ filter: { types: ["deleted", "created", "changed"] }, values: true }, null],
  [{ filter: { types: ["deleted", "created"] } }, { ...plain, types: ["created", "deleted"] }],
  [{ filter: { names: "x-*" } }, { ...plain, names: "x-*" }],
  [{ values: false }, { ...plain, values: false }],
  [{ previous: true }, { ...plain, previous: true }],
  [{ bookmarks: true }, { ...plain, bookmarkMs: 60_000 }],
  [
    { bookmarks: true, bookmarkMs: 100 },
    { ...plain, bookmarkMs: 100 },
  ],
])("%j asks the server for %j, again after a reconnect", async (options, wants) => {
  const { cluster } = await watching(options);
  expect(cluster.last.of("watch")).toMatchObject([{ watch: { wants } }]);
  cluster.last.close();
  await cluster.pass(100);
  expect(cluster.last.of("attach")[0]?.watches).toMatchObject([{ wants }]);
});

test.each<object>([
  { filter: null },
  { filter: { types: [] } },
  { filter: { types: ["moved"] } },
  { filter: { types: "created" } },
  { filter: { names: "" } },
  { filter: { names: "a/b" } },
  { filter: { names: "*********" } },
  { filter: { names: "a".repeat(257) } },
  { values: 1 },
  { previous: "yes" },
  { once: 1 },
  { bookmarks: 1 },
  { bookmarks: true, bookmarkMs: 99 },
  { bookmarks: true, bookmarkMs: 1.5 },
  { bookmarks: true, bookmarkMs: 86_400_001 },
  { from: -1 },
  { from: 1.5 },
  { from: null },
])("%j is refused", async (options) => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const code = "ERR_FLOTILLA_BAD_ARGUMENT";
  expect(await errorOf(session.watch("/a", options))).toMatchObject({ code });
});

test("a bare revision stands for all of it, in the history at hand", async () => {
  const { cluster } = await watching({ from: 7 });
  const from = { historyId, revision: 7, ordinal: Number.MAX_SAFE_INTEGER };
  expect(cluster.last.of("watch")).toMatchObject([{ watch: { from } }]);
});

test("the node before a change is told to who asked for it, and to nobody else", async () => {
  for (const previous of [true, false]) {
    const { cluster, heard, read } = await watching({ previous });
    void read();
    cluster.last.send(events(1, 1));
    await cluster.pass(1);
    expect(heard.map((event) => "previous" in event)).toEqual([previous]);
  }
});

describe("a bookmark", () => {
  test("moves the token and the place to resume from, never back", async () => {
    const { cluster, watch, heard, read } = await watching({ bookmarks: true });
    void read();
    cluster.last.send(bookmark(1, 9));
    cluster.last.send(bookmark(1, 8));
    cluster.last.send(bookmark(1, 99, "elsewhere"));
    await cluster.pass(1);
    expect(heard).toEqual([{ type: "bookmark", revision: 9, token: token(9) }]);
    expect(watch.token).toEqual(token(9));
    cluster.last.close();
    await cluster.pass(100);
    const [spec] = cluster.last.of("attach")[0]?.watches ?? [];
    expect(spec?.from).toEqual(token(9));
    cluster.last.send(events(spec?.id ?? 0, 9, 10));
    await cluster.pass(1);
    expect(heard.map(({ revision }) => revision)).toEqual([9, 10]);
  });

  test("that nobody asked for is not shown, but the watch goes on from there", async () => {
    const { cluster, watch, heard, read } = await watching({});
    cluster.last.send(bookmark(1, 3));
    await cluster.pass(1);
    expect(watch.token).toEqual(token(3));
    cluster.last.send(events(1, 4));
    cluster.last.send(bookmark(1, 9));
    await cluster.pass(1);
    expect(watch.token).toEqual(token(3));
    cluster.last.close();
    await cluster.pass(100);
    expect(cluster.last.of("attach")[0]?.watches).toMatchObject([{ from: token(9) }]);
    void read();
    await cluster.pass(1);
    expect(heard.map(({ type, revision }) => [type, revision])).toEqual([["changed", 4]]);
  });

  test("takes the place of one that waits for a slow consumer", async () => {
    const { cluster, watch, heard, read } = await watching({ bookmarks: true });
    for (let revision = 1; revision <= 50; revision += 1) cluster.last.send(bookmark(1, revision));
    cluster.last.send(events(1, 51));
    cluster.last.send(bookmark(1, 52));
    await cluster.pass(1);
    expect(watch.token).toEqual(token(0));
    void read();
    await cluster.pass(1);
    expect(heard.map(({ revision }) => revision)).toEqual([50, 51, 52]);
  });
});

describe("a watch for one event", () => {
  test("ends with it, takes itself back, and hands out no second one after a reconnect", async () => {
    for (const isRead of [true, false]) {
      const { cluster, heard, read } = await watching({ once: true, bookmarks: true });
      const reading = isRead ? read() : null;
      cluster.last.send(bookmark(1, 1));
      cluster.last.send(events(1, 2, 3));
      cluster.last.send(events(1, 4));
      await cluster.pass(1);
      expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
      cluster.last.close();
      await cluster.pass(100);
      expect(cluster.last.of("attach")[0]?.watches).toEqual([]);
      await cluster.until(reading ?? read());
      expect(heard.map(({ revision }) => revision)).toEqual([1, 2]);
    }
  });

  test("ends with a snapshot, also one that makes its queue full", async () => {
    const { cluster, heard, read } = await watching({ once: true });
    const node = { value: new Uint8Array(1_000_000), stat: stat() };
    const nodes = [{ path: "/a", node }];
    const page = { type: "snapshot", id: 1, revision: 5, historyId, reason: "compacted", nodes } as const;
    for (let count = 0; count < 17; count += 1) cluster.last.send({ ...page, last: count === 16 });
    await cluster.pass(1);
    expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
    await cluster.until(read());
    expect(heard).toMatchObject([{ type: "snapshot", reason: "compacted" }]);
  });

  test("is closed before it was read, and tells nothing", async () => {
    const { cluster, watch, heard, read } = await watching({ once: true });
    cluster.last.send(events(1, 2));
    await cluster.pass(1);
    await watch.close();
    await cluster.until(read());
    expect(heard).toEqual([]);
  });
});

test("a gap is the consumer's own when it was the one to fall behind", async () => {
  const { cluster, heard, read } = await watching({});
  for (let at = 0; at < 10_000; at += 5_000)
    cluster.last.send(events(1, ...Array.from({ length: 5_000 }, (_, number) => at + number + 1)));
  await cluster.pass(1);
  void read();
  await cluster.pass(1);
  const id = cluster.last.of("watch").at(-1)?.watch.id ?? 0;
  expect(id).not.toBe(1);
  const page = { type: "snapshot", id, historyId, reason: "compacted", nodes: [], last: true } as const;
  cluster.last.send({ ...page, revision: 20_000 });
  cluster.last.send({ ...page, revision: 30_000 });
  await cluster.pass(1);
  expect(heard.slice(10_000)).toMatchObject([{ reason: "fell-behind" }, { reason: "compacted" }]);
});
