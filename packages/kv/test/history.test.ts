import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AclTable } from "../src/access.ts";
import { Change } from "../src/change.ts";
import { EventPage } from "../src/event-page.ts";
import { encodeCommand, EventHistory, Machine } from "../src/index.ts";
import type { Acl, SetOp, TreeEvent, WatchToken } from "../src/index.ts";
import { placeOf } from "../src/values.ts";
import { makeCommand, run } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { create, Driver, idOf, plainEvents, text } from "./support.ts";

const stat = new Machine().exists("/") ?? expect.unreachable();
const none = new Uint8Array(0);

/** A set that replaced one value by another. */
function changed(revision: number, ordinal = 0, value = none, previous = none, acl?: Acl): Change {
  const head = { revision, ordinal, path: "/a", pathHash: 1, by: null, timeMs: 0 };
  const before = { ...placeOf(previous), mzxid: 0, mtimeMs: 0 };
  return new Change({ ...head, type: "changed" }, stat, placeOf(value), before, acl);
}

function put(value: string): SetOp {
  return { type: "put", path: "/a", value: text(value), if: {} };
}

function since(history: EventHistory, token: WatchToken, limit?: number): TreeEvent[] | "gap" {
  const found = history.since(token, limit);
  return found === "gap" ? found : plainEvents(found);
}

describe("history", () => {
  test("gives everything after a token, or says that some of it is gone", () => {
    const many = { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }) };
    const size = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) }, many);
    const shape = fc.array(size, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        shape,
        fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 250, max: 800 })),
        fc.nat(70),
        fc.nat(4),
        fc.nat(9),
        (sizes, kept, revision, ordinal, limit) => {
          const history = new EventHistory({ events: kept });
          const all: TreeEvent[] = [];
          for (const [at, size] of sizes.entries()) {
            const events = Array.from({ length: size }, (_, number) => changed(at + 1, number));
            history.append(events);
            all.push(...plainEvents(events));
          }
          const isAfter = (made: TreeEvent): boolean =>
            made.revision > revision || (made.revision === revision && made.ordinal > ordinal);
          const expected = all.filter(isAfter);
          const isGap = expected.length > kept;
          expect(since(history, { revision, ordinal })).toEqual(isGap ? "gap" : expected);
          expect(since(history, { revision, ordinal }, limit)).toEqual(
            isGap ? "gap" : expected.slice(0, limit),
          );
          expect(history.size).toBe(Math.min(kept, all.length));
        },
      ),
    );
  });

  test("shows each node as it was, long after it changed, until the event is gone", () => {
    const kept = 700;
    const driver = new Driver({ historyLimits: { events: kept } });
    const { machine } = driver;
    driver.open(1);
    const all: TreeEvent[] = [];
    for (let number = 0; number < 2_000; number += 1) {
      const path = `/${number % 7}`;
      const value = new Uint8Array(number % 50).fill(number);
      driver.send(
        1,
        number % 100 === 99
          ? { type: "delete", path, if: {}, force: false }
          : { type: "put", path, value, if: {} },
      );
      all.push(...plainEvents(machine.takeEvents()));
    }
    const last = all.slice(-kept);
    const token = all.at(-kept - 1);
    expect(machine.history.floor).toEqual({ revision: token?.revision, ordinal: token?.ordinal });
    expect(since(machine.history, machine.history.floor)).toEqual(last);
    const middle = last[400] ?? expect.unreachable();
    expect(since(machine.history, middle)).toEqual(last.slice(401));
    expect(since(machine.history, middle, 10)).toEqual(last.slice(401, 411));
  });

  test("is bounded in bytes, and counts the values that nothing else keeps", () => {
    const history = new EventHistory({ bytes: 5_000 });
    const value = new Uint8Array(1_000);
    for (let revision = 1; revision <= 3_000; revision += 1) {
      history.append([changed(revision, 0, new Uint8Array(9_000), value)]);
    }
    expect(history.size).toBe(3);
    expect(history.floor).toEqual({ revision: 2_997, ordinal: 0 });
    history.append([changed(3_001, 0, value, new Uint8Array(9_000))]);
    expect([history.size, history.since({ revision: 3_001, ordinal: 0 })]).toEqual([0, []]);
  });
});

describe("access lists of a history", () => {
  const entries = 64;
  const idLength = 1_000;

  function listOf(number: number): Acl {
    const id = (k: number): string => `CN=${number}-${k}`.padEnd(idLength, "x");
    return Array.from({ length: entries }, (_, k) => ({ scheme: "x509", id: id(k), permissions: 31 }));
  }

  const listBytes = entries * idLength * 2;

  test("count as its bytes", () => {
    const history = new EventHistory({ bytes: 10 * listBytes });
    for (let number = 1; number <= 100; number += 1)
      history.append([changed(number, 0, none, none, listOf(number))]);
    expect(history.size).toBeGreaterThan(5);
    expect(history.size).toBeLessThan(10);
  });

  test("count once however many events have them, and no more once they are gone", () => {
    const history = new EventHistory({ bytes: 10 * listBytes, events: 1_000 });
    const [first, second] = [listOf(1), listOf(2)];
    const append = (from: number, acl: Acl): void => {
      for (let number = from; number < from + 1_000; number += 1)
        history.append([changed(number, 0, none, none, acl)]);
    };
    append(1, first);
    append(1_001, second);
    expect(history.size).toBe(1_000);
    for (let number = 2_001; number <= 2_005; number += 1)
      history.append([changed(number, 0, none, none, listOf(number))]);
    expect(history.size).toBe(1_000);
    append(3_001, first);
    history.reset({ revision: 4_001, ordinal: 0 });
    append(5_001, second);
    expect(history.size).toBe(1_000);
  });

  test("are let go of with their events", () => {
    const page = new EventPage(2);
    page.write(0, changed(1, 0, none, none, listOf(1)));
    page.write(1, changed(2, 0, none, none, listOf(2)));
    page.drop(0);
    expect([page.acl(0), page.acl(1)]).toEqual([undefined, listOf(2)]);
  });

  test("that are of no use any more are not remembered without bounds", () => {
    const table = new AclTable();
    const lists = Array.from({ length: 100 }, (_, number) => listOf(number));
    for (const list of lists) table.access(list, 0);
    const known = lists.filter((list) => table.access(structuredClone(list), 0).acl === list);
    expect(known.length).toBeLessThan(20);
    const small: Acl = [{ scheme: "x509", id: "CN=me", permissions: 31 }];
    table.access(small, 0);
    expect(table.access(structuredClone(small), 1).acl).toBe(small);
  });
});

describe("an event", () => {
  test("says what was there before, who changed it and when, in each step of a multi", () => {
    const driver = new Driver();
    const { machine } = driver;
    driver.open(1);
    driver.send(1, create("/a", { value: text("one") }));
    driver.timeMs += 1_000;
    const gone = { type: "delete" as const, path: "/a", if: {}, force: false };
    driver.send(1, {
      type: "multi",
      ops: [put("two"), put("three"), gone, create("/a", { value: text("4") })],
    });
    const events = machine.takeEvents();
    const seen = events.map(({ type, previous, node }) => [
      type,
      previous === null ? null : [new TextDecoder().decode(previous.value), previous.stat.version],
      node === null ? null : [new TextDecoder().decode(node.value), node.stat.version],
    ]);
    expect(seen).toEqual([
      ["changed", ["one", 0], ["two", 1]],
      ["changed", ["two", 1], ["three", 2]],
      ["deleted", ["three", 2], null],
      ["created", null, ["4", 0]],
    ]);
    for (const { by, timeMs } of events) expect([by, timeMs]).toEqual([idOf(1), driver.timeMs]);
    expect(events.map(({ previous }) => [previous?.stat.mzxid, previous?.stat.mtimeMs])).toEqual([
      [1, driver.timeMs - 1_000],
      [2, driver.timeMs],
      [2, driver.timeMs],
      [undefined, undefined],
    ]);
  });

  test("is nobody's when a lease expired or a node was reaped", () => {
    const driver = new Driver();
    driver.open(1);
    driver.send(1, create("/e", { lease: idOf(1) }));
    driver.send(1, create("/t", { ttlMs: 1 }));
    driver.expire(idOf(1));
    expect(plainEvents(driver.machine.takeEvents())).toMatchObject([{ path: "/e", by: null, node: null }]);
    driver.timeMs += 10;
    driver.apply({ type: "reap", seen: 5, paths: ["/t"] });
    expect(plainEvents(driver.machine.takeEvents())).toMatchObject([{ path: "/t", by: null, node: null }]);
  });

  test("continues the one before it of the same node, whatever the commands", () => {
    fc.assert(
      fc.property(run(80), (steps) => {
        const golden = new GoldenModel();
        const machine = new Machine();
        const known = new Map<string, unknown>([["/", own(machine.get("/"))]]);
        for (const [at, next] of steps.entries()) {
          if (next.kind === "restore" || next.kind === "freeze") continue;
          const command = makeCommand(next, golden.state);
          golden.apply(command, at * 7);
          machine.apply(encodeCommand(command), { index: at + 1, timeMs: at * 7 });
          const by = command.type === "request" ? command.session : null;
          for (const event of machine.takeEvents()) {
            expect(own(event.previous)).toEqual(known.get(event.path) ?? null);
            expect([event.by, event.timeMs]).toEqual([by, at * 7]);
            known.set(event.path, own(event.node));
          }
        }
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});

/** Of a node what only its own changes change; another access list is none. */
function own(node: TreeEvent["node"]): unknown {
  if (node === null) return null;
  const { pzxid: _, cversion: __, numChildren: ___, aversion: ____, ...stat } = node.stat;
  return { value: [...node.value], stat };
}
