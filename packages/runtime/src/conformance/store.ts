import assert from "node:assert/strict";
import type { Store, StoreRange, StoreWrite } from "../disk.ts";
import type { ConformanceCase, World } from "./case.ts";
import { bytes, rejectsWith, text, throwsWith } from "./expect.ts";

export interface StoreSubject {
  readonly world: World;
  /** Opens the one store of this subject, which keeps its content from one opening to the next. */
  open(): Promise<Store>;
  /** Makes the next `write` of the open store fail. */
  failNextWrite(): void;
}

function put(key: string | Uint8Array, value: string): StoreWrite {
  return { type: "put", key: typeof key === "string" ? bytes(key) : key, value: bytes(value) };
}

function remove(key: string): StoreWrite {
  return { type: "delete", key: bytes(key) };
}

function range(from?: string, to?: string): StoreRange {
  return {
    ...(from === undefined ? {} : { from: bytes(from) }),
    ...(to === undefined ? {} : { to: bytes(to) }),
  };
}

async function list(entries: AsyncIterable<readonly [Uint8Array, Uint8Array]>): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of entries) found.push(`${text(key)}=${text(value)}`);
  return found;
}

async function opened(subject: StoreSubject, batch: readonly StoreWrite[] = []): Promise<Store> {
  const store = await subject.world.until(subject.open());
  if (batch.length > 0) await subject.world.until(store.write(batch));
  return store;
}

/** What every `Store` keeps. */
export const storeConformance: readonly ConformanceCase<StoreSubject>[] = [
  {
    name: "what was written is read back, by get, getSync and entries",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1"), put("empty", "")]);
      assert.equal(text(await world.until(store.get(bytes("a")))), "1");
      assert.equal(text(store.getSync(bytes("a"))), "1");
      assert.equal(text(store.getSync(bytes("empty"))), "");
      assert.equal(await world.until(store.get(bytes("none"))), undefined);
      assert.equal(store.getSync(bytes("none")), undefined);
      assert.deepEqual(await world.until(list(store.entries({}))), ["a=1", "empty="]);
      await world.until(store.close());
    },
  },
  {
    name: "values come back as plain Uint8Array",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1")]);
      const found: unknown[] = [await world.until(store.get(bytes("a"))), store.getSync(bytes("a"))];
      const readAll = async (): Promise<void> => {
        for await (const [key, value] of store.entries({})) found.push(key, value);
      };
      await world.until(readAll());
      assert.equal(found.length, 4);
      for (const value of found) assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
      await world.until(store.close());
    },
  },
  {
    name: "a batch applies in order: the last change of a key stands",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1"), put("b", "1")]);
      await world.until(
        store.write([put("a", "2"), remove("a"), remove("b"), put("b", "3"), remove("none")]),
      );
      assert.deepEqual(await world.until(list(store.entries({}))), ["b=3"]);
      await world.until(store.write([]));
      await world.until(store.close());
    },
  },
  {
    name: "a reader sees a batch whole or not at all",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "0"), put("b", "0")]);
      const writing = store.write([put("a", "1"), put("b", "1")]);
      const during = list(store.entries({}));
      const [seen] = await world.until(Promise.all([during, writing]));
      assert.ok(["a=0,b=0", "a=1,b=1"].includes(seen.join()), `saw ${seen.join()}`);
      await world.until(store.close());
    },
  },
  {
    name: "entries come in unsigned byte order, a shorter key before its extensions",
    async run(subject) {
      const { world } = subject;
      const keys = [[0xff], [0x00], [0x61], [0x61, 0x00], [0x61, 0xff], [0x80], [0x7f], [0xff, 0xff], [0x62]];
      const store = await opened(
        subject,
        keys.map((key) => put(Uint8Array.from(key), "x")),
      );
      const found: number[][] = [];
      const readAll = async (): Promise<void> => {
        for await (const [key] of store.entries({})) found.push([...key]);
      };
      await world.until(readAll());
      assert.deepEqual(found, [
        [0x00],
        [0x61],
        [0x61, 0x00],
        [0x61, 0xff],
        [0x62],
        [0x7f],
        [0x80],
        [0xff],
        [0xff, 0xff],
      ]);
      await world.until(store.close());
    },
  },
  {
    name: "a range includes its from and excludes its to",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1"), put("b", "2"), put("c", "3"), put("d", "4")]);
      const cases: [StoreRange, string[]][] = [
        [range("b", "d"), ["b=2", "c=3"]],
        [range("b"), ["b=2", "c=3", "d=4"]],
        [range(undefined, "b"), ["a=1"]],
        [range("b", "b"), []],
        [range("d", "a"), []],
        [range("bb", "cc"), ["c=3"]],
      ];
      for (const [given, expected] of cases) {
        assert.deepEqual(await world.until(list(store.entries(given))), expected);
      }
      await world.until(store.close());
    },
  },
  {
    name: "entries show the store as of the call, whatever is written before they are read",
    async run(subject) {
      const { world } = subject;
      const before = Array.from({ length: 300 }, (_, index) => put(`k${index + 1000}`, "old"));
      const store = await opened(subject, before);
      const entries = store.entries({});
      await world.until(
        store.write([...before.map((_, index) => put(`k${index + 1000}`, "new")), put("zz", "new")]),
      );
      await world.until(store.clear({}));
      const found = await world.until(list(entries));
      assert.equal(found.length, 300);
      assert.ok(found.every((entry) => entry.endsWith("=old")));
      await world.until(store.close());
    },
  },
  {
    name: "a reader may stop early",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1"), put("b", "2"), put("c", "3")]);
      const first = async (): Promise<string | undefined> => {
        for await (const [key] of store.entries({})) return text(key);
        return undefined;
      };
      assert.equal(await world.until(first()), "a");
      await world.until(store.close());
    },
  },
  {
    name: "clear empties exactly its range",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1"), put("b", "2"), put("c", "3")]);
      await world.until(store.clear(range("b", "c")));
      assert.deepEqual(await world.until(list(store.entries({}))), ["a=1", "c=3"]);
      await world.until(store.clear({}));
      assert.deepEqual(await world.until(list(store.entries({}))), []);
      await world.until(store.close());
    },
  },
  {
    name: "what was written is there after closing and opening again",
    async run(subject) {
      const { world } = subject;
      const first = await opened(subject, [put("a", "1")]);
      await world.until(first.write([put("b", "2"), remove("a")]));
      await world.until(first.close());
      const second = await opened(subject);
      assert.deepEqual(await world.until(list(second.entries({}))), ["b=2"]);
      await world.until(second.close());
    },
  },
  {
    name: "a store that is open cannot be opened again",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1")]);
      await rejectsWith(world.until(subject.open()), "ERR_FLOTILLA_LOCKED");
      assert.equal(text(store.getSync(bytes("a"))), "1");
      await world.until(store.close());
    },
  },
  {
    name: "close waits for calls under way, may be called again, and ends the store",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject);
      const writing = store.write([put("a", "1")]);
      await world.until(Promise.all([store.close(), store.close()]));
      await world.until(writing);
      await rejectsWith(world.until(store.write([put("b", "1")])), "ERR_FLOTILLA_CLOSED");
      await rejectsWith(world.until(store.get(bytes("a"))), "ERR_FLOTILLA_CLOSED");
      throwsWith(() => store.getSync(bytes("a")), "ERR_FLOTILLA_CLOSED");
      const again = await opened(subject);
      assert.equal(text(again.getSync(bytes("a"))), "1");
      await world.until(again.close());
    },
  },
  {
    name: "the first failure poisons the store: every later call fails, and it still closes",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1")]);
      subject.failNextWrite();
      const failed = "ERR_FLOTILLA_STORAGE";
      await rejectsWith(world.until(store.write([put("b", "2")])), failed);
      await rejectsWith(world.until(store.write([put("c", "3")])), failed);
      await rejectsWith(world.until(store.get(bytes("a"))), failed);
      await rejectsWith(world.until(list(store.entries({}))), failed);
      await rejectsWith(world.until(store.clear({})), failed);
      throwsWith(() => store.getSync(bytes("a")), failed);
      await world.until(store.close());
    },
  },
  {
    name: "nothing is written behind a batch that failed, also of what was asked for before it did",
    async run(subject) {
      const { world } = subject;
      const store = await opened(subject, [put("a", "1")]);
      subject.failNextWrite();
      const failing = [put("b", "2"), put("c", "3"), put("d", "4")].map((one) => store.write([one]));
      for (const one of failing) one.catch(() => {});
      for (const one of failing) await rejectsWith(world.until(one), "ERR_FLOTILLA_STORAGE");
      await world.until(store.close());
      const again = await opened(subject);
      const found = await world.until(list(again.entries({})));
      assert.deepEqual(found.slice(0, 1), ["a=1"]);
      // The one that failed is there or not.
      assert.deepEqual(
        found.slice(1).filter((one) => one !== "b=2"),
        [],
      );
      await world.until(again.close());
    },
  },
];
