import { Machine } from "@flotilla/kv";
import { encode } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import type { WatchSpec } from "../../src/wire/messages.ts";
import { historyId, put, sessionA, sessionB, World } from "./world.ts";

const get = (path: string) => ({ type: "get", path }) as const;

function spec(id: number, path: string, more: Partial<WatchSpec> = {}): WatchSpec {
  return { id, path, kind: "recursive", from: null, ...more };
}

function concat(chunks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks]));
}

describe("attach", () => {
  test("is answered once its command is applied, with what the client needs to go on", async () => {
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    expect(client.heard).toEqual([]);
    await world.commit();
    expect(client.heard).toEqual([
      {
        type: "attached",
        attach: 1,
        lastSeq: 0,
        ttlMs: 10_000,
        node: "n1",
        historyId,
        revision: 0,
        endpoints: ["127.0.0.1:1"],
      },
    ]);
  });

  test("is proposed again when it was dropped, also after an unknown outcome that was none", async () => {
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    const first = world.raft.pending[0];
    world.raft.drop(0);
    await world.clock.advance(100);
    if (first !== undefined) world.raft.pending.push(first);
    await world.commit();
    expect(client.kinds).toEqual(["attached"]);
  });

  test("is refused without a session to attach to", async () => {
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1, { ttlMs: null });
    await world.settle();
    await world.commit();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_SESSION_EXPIRED"]);
    expect(client.ended).not.toBeNull();
  });

  test("gives up when nobody leads, so that the client tries elsewhere", async () => {
    const world = new World();
    world.raft.setLeader(null);
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    world.raft.drop(0);
    await world.clock.advance(5_000);
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_NO_QUORUM"]);
    expect(world.raft.pending).toEqual([]);
  });

  test("on another channel ends the one before, wherever the session was", async () => {
    const world = new World();
    const first = await world.attached();
    const second = world.client();
    second.attach(sessionA, 2, { ttlMs: null });
    await world.settle();
    first.request(1, put("/late", "1"));
    await world.settle();
    await world.commit();
    expect(first.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_MOVED"]);
    expect(first.results).toEqual([]);
    expect(second.kinds).toEqual(["attached"]);
    expect(world.parts.machine.get("/late")).toBeNull();
  });

  test("tells the results that the client may not have", async () => {
    const world = new World();
    const first = await world.attached();
    first.request(1, put("/a", "1"));
    first.request(2, put("/b", "2"));
    await world.settle();
    await world.commit();
    first.close();
    const second = world.client();
    second.attach(sessionA, 2, { ttlMs: null });
    await world.settle();
    await world.commit();
    expect(second.kinds).toEqual(["attached", "result", "result"]);
    expect(second.of("attached")[0]?.lastSeq).toBe(2);
    expect(second.results.map(([seq]) => seq)).toEqual([1, 2]);
  });

  test("that stays away ends the channel", async () => {
    const world = new World();
    const client = world.client();
    await world.clock.advance(10_000);
    expect(client.ended).toBe("no attach");
  });
});

describe("before the attach", () => {
  test("ping and status are answered, everything else ends the channel", async () => {
    const world = new World();
    const client = world.client();
    client.send({ type: "ping", number: 4 });
    client.read(1, { type: "status" });
    await world.settle();
    expect(client.kinds).toEqual(["pong", "read-result"]);
    client.request(1, put("/a", "1"));
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_BAD_FRAME"]);
    expect(world.raft.pending).toEqual([]);
  });

  test("only so many channels may wait", async () => {
    const world = new World();
    const clients = Array.from({ length: 257 }, () => world.client());
    await world.settle();
    expect(clients.filter((client) => client.ended !== null).length).toBe(1);
  });
});

describe("writes", () => {
  test("are proposed in order without waiting for each other, and answered after their apply", async () => {
    const world = new World();
    const client = await world.attached();
    for (const seq of [1, 2, 3]) client.request(seq, put("/a", String(seq)));
    await world.settle();
    expect(world.raft.pending.length).toBe(3);
    await world.commit(2);
    expect(client.results.map(([seq, result]) => [seq, result.ok])).toEqual([[1, true], [2, true]]);
    await world.commit();
    expect(client.results.map(([seq]) => seq)).toEqual([1, 2, 3]);
  });

  test("that failed at apply are answered with their code", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, { type: "set", path: "/none", value: new Uint8Array(), if: {} });
    client.request(2, put("not a path", "x"));
    await world.settle();
    await world.commit();
    expect(client.results.map(([, result]) => (result.ok ? "ok" : result.code))).toEqual([
      "ERR_FLOTILLA_NOT_FOUND",
      "ERR_FLOTILLA_BAD_PATH",
    ]);
  });

  test("that were dropped are asked for again once nothing is in flight, each applied once in order", async () => {
    const world = new World();
    const client = await world.attached();
    for (const seq of [1, 2, 3]) client.request(seq, put("/a", String(seq)));
    await world.settle();
    world.raft.drop(1);
    await world.clock.advance(50);
    client.request(4, put("/a", "4"));
    await world.clock.advance(1_000);
    expect(client.of("resend")).toEqual([]);
    await world.commit();
    expect(client.of("resend").map((message) => message.from)).toEqual([2]);
    expect(world.raft.pending).toEqual([]);
    client.request(5, put("/a", "stale"));
    for (const seq of [2, 3, 4]) client.request(seq, put("/a", String(seq)));
    await world.settle();
    expect(world.raft.pending.length).toBe(3);
    await world.commit();
    expect(client.results.map(([seq]) => seq)).toEqual([1, 2, 3, 4]);
    expect(world.parts.machine.get("/a")?.stat.version).toBe(3);
  });

  test("sent twice on one channel are proposed once", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "1"));
    client.request(1, put("/a", "1"));
    await world.settle();
    expect(world.raft.pending.length).toBe(1);
  });

  test("in the log twice are answered once and take effect once", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "1"));
    await world.settle();
    const [copy] = world.raft.pending;
    if (copy !== undefined) world.raft.pending.push(copy);
    await world.commit();
    expect(client.results.map(([seq]) => seq)).toEqual([1]);
    expect(world.parts.machine.get("/a")?.stat.version).toBe(0);
  });

  test("are not asked for again while nobody leads, and are as soon as somebody does", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "1"));
    await world.settle();
    world.raft.setLeader(null);
    world.raft.drop(0);
    await world.clock.advance(10_000);
    expect(client.of("resend")).toEqual([]);
    world.raft.setLeader("n2");
    await world.settle();
    expect(client.of("resend").map((message) => message.from)).toEqual([1]);
  });

  test("that start beyond what is missing make the server ask for it", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(3, put("/a", "3"));
    await world.clock.advance(50);
    expect(client.of("resend").map((message) => message.from)).toEqual([1]);
  });

  test("above the request window end the channel", async () => {
    const world = new World();
    const client = await world.attached();
    for (let seq = 1; seq <= 1_025; seq += 1) client.request(seq, put("/a", "x"));
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_LIMIT"]);
    expect(world.raft.pending.length).toBe(1_024);
  });
});

describe("reads", () => {
  test("run in the turn of the write they wait for, before the next entry", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "one"));
    client.read(1, get("/a"), { after: 1 });
    client.request(2, put("/a", "two"));
    client.read(2, get("/a"), { after: 2 });
    await world.settle();
    expect(client.heard).toEqual([]);
    await world.commit();
    expect(client.kinds).toEqual(["result", "read-result", "result", "read-result"]);
    expect(client.values).toEqual(["one", "two"]);
  });

  test("that are linearizable wait for a confirmed leader and share its round", async () => {
    const world = new World();
    const client = await world.attached();
    const other = await world.attached(sessionB);
    client.read(1, get("/a"), { linearizable: true });
    client.read(2, get("/a"), { linearizable: true });
    other.read(1, { type: "sync" });
    await world.settle();
    expect([...client.heard, ...other.heard]).toEqual([]);
    expect(world.raft.reads.length).toBe(1);
    world.raft.confirmReads();
    await world.settle();
    expect(client.values).toEqual([null, null]);
    expect(other.of("read-result").map((message) => message.answer.type)).toEqual(["done"]);
  });

  test("that are confirmed before their write is applied wait for it", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "one"));
    client.read(1, get("/a"), { after: 1, linearizable: true });
    await world.settle();
    world.raft.confirmReads();
    await world.settle();
    expect(client.heard).toEqual([]);
    await world.commit();
    expect(client.values).toEqual(["one"]);
  });

  test("that nobody confirms are tried again, and fail in the end", async () => {
    const world = new World();
    const client = await world.attached();
    client.read(1, get("/a"), { linearizable: true });
    for (let waited = 0; waited <= 10_100; waited += 10) {
      for (const { reject } of world.raft.reads.splice(0)) reject(new Error("no leader"));
      await world.clock.advance(10);
    }
    expect(client.of("read-result").map((message) => message.answer)).toEqual([
      expect.objectContaining({ type: "error", code: "ERR_FLOTILLA_NO_QUORUM" }),
    ]);
    expect(world.raft.reads).toEqual([]);
  });

  test("above the bound end the channel", async () => {
    const world = new World();
    const client = await world.attached();
    for (let id = 1; id <= 1_025; id += 1) client.read(id, get("/a"), { after: 1 });
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_LIMIT"]);
  });

  test("of many long names are cut into pages that fit a frame", async () => {
    const world = new World();
    const client = await world.attached();
    const names = Array.from({ length: 800 }, (_, k) => String(k).padStart(4_000, "0"));
    const step = 100;
    client.request(1, put("/d", ""));
    for (let k = 0; k < names.length; k += step) {
      const ops = names.slice(k, k + step).map((name) => put(`/d/${name}`, ""));
      client.request(2 + k / step, { type: "multi", ops: ops as never });
      await world.settle();
      await world.commit();
    }
    const seen: string[] = [];
    let after: string | null = null;
    do {
      client.heard.length = 0;
      client.read(1, { type: "children", path: "/d", after, limit: 10_000 });
      await world.settle();
      const answer = client.of("read-result")[0]?.answer;
      if (answer?.type !== "children" || answer.names === null) throw new Error("no page");
      seen.push(...answer.names);
      after = answer.next;
    } while (after !== null);
    expect(seen).toEqual(names);
  });
});

describe("watches", () => {
  test("tell every change before the answer that shows it, in order", async () => {
    const world = new World();
    const client = await world.attached();
    client.send({ type: "watch", after: 0, watch: spec(1, "/") });
    client.request(1, put("/a", "1"));
    client.request(2, put("/b", "2"));
    await world.settle();
    await world.commit();
    expect(client.kinds).toEqual(["armed", "events", "result", "events", "result"]);
    expect(client.of("events").flatMap(({ events }) => events.map(({ path, revision }) => [path, revision]))).toEqual([
      ["/a", 1],
      ["/b", 2],
    ]);
  });

  test("are armed after the writes issued before them", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, put("/a", "1"));
    client.send({ type: "watch", after: 1, watch: spec(1, "/a", { kind: "data" }) });
    await world.settle();
    await world.commit();
    expect(client.kinds).toEqual(["result", "armed"]);
    expect(client.of("armed")[0]?.token).toEqual({ historyId, revision: 1, ordinal: 0 });
  });

  test("resume at their token, before any answer", async () => {
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

  test("of another history, or older than what is kept, start with a snapshot at one revision", async () => {
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
    expect(again.of("snapshot").filter((page) => page.last).map((page) => page.id).toSorted()).toEqual([1, 2, 3]);
    expect(again.kinds.at(-1)).toBe("result");
  });

  test("ahead of what is applied stay silent until then", async () => {
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/", { from: { historyId, revision: 2, ordinal: 0 } })]);
    for (const seq of [1, 2, 3]) client.request(seq, put("/a", String(seq)));
    await world.settle();
    await world.commit();
    expect(client.of("events").flatMap(({ events }) => events.map((event) => event.revision))).toEqual([3]);
  });

  test("of a slow client wait without answers running ahead, then go on from history", async () => {
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

  test("of a client too slow for the history get a snapshot, not an endless queue", async () => {
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

  test("that are taken back tell nothing more", async () => {
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

  test("at no path end the channel", async () => {
    const world = new World();
    const client = await world.attached();
    client.send({ type: "watch", after: 0, watch: spec(1, "nowhere") });
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_BAD_PATH"]);
  });
});

describe("a session that ends", () => {
  test("by its own close is answered, then told", async () => {
    const world = new World();
    const client = await world.attached();
    client.request(1, { type: "close" });
    await world.settle();
    await world.commit();
    expect(client.kinds).toEqual(["result", "ended"]);
    expect(client.of("ended")[0]?.code).toBe("ERR_FLOTILLA_SESSION_EXPIRED");
  });

  test("by expiry is told, and its ephemerals are gone for others to see", async () => {
    const world = new World();
    const client = await world.attached();
    const other = await world.attached(sessionB, [spec(1, "/")]);
    client.request(1, {
      type: "create",
      path: "/e",
      value: new Uint8Array(),
      lease: sessionA,
      sequential: false,
      guarded: false,
    });
    await world.settle();
    await world.commit();
    for (let renewal = 1; renewal <= 6; renewal += 1) {
      await world.clock.advance(2_500);
      other.send({ type: "renew", number: renewal, leases: [sessionB] });
      await world.settle();
      world.raft.confirmReads();
      await world.commit();
    }
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_SESSION_EXPIRED"]);
    expect(other.of("events").flatMap(({ events }) => events.map(({ type, path }) => [type, path]))).toEqual([
      ["created", "/e"],
      ["deleted", "/e"],
    ]);
    expect(other.of("renewed").map((message) => message.number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(other.ended).toBeNull();
  });
});

describe("renewals", () => {
  test("are acknowledged by number after the leader confirmed itself", async () => {
    const world = new World();
    const client = await world.attached();
    client.send({ type: "renew", number: 12, leases: [sessionA] });
    await world.settle();
    expect(client.heard).toEqual([]);
    world.raft.confirmReads();
    await world.settle();
    expect(client.heard).toEqual([{ type: "renewed", number: 12 }]);
  });

  test("of another session's lease are not acknowledged", async () => {
    const world = new World();
    const client = await world.attached();
    await world.attached(sessionB);
    client.send({ type: "renew", number: 1, leases: [sessionA, sessionB] });
    await world.settle();
    world.raft.confirmReads();
    await world.settle();
    expect(client.heard).toEqual([]);
  });

  test("without a leader are not acknowledged", async () => {
    const world = new World();
    const client = await world.attached();
    world.raft.setLeader(null);
    client.send({ type: "renew", number: 1, leases: [sessionA] });
    await world.settle();
    expect([...client.heard, ...world.raft.reads]).toEqual([]);
  });
});

describe("a state taken over by snapshot", () => {
  test("settles what was pending, and gives live watches a snapshot before any answer", async () => {
    const ahead = new World();
    const there = await ahead.attached();
    there.request(1, put("/a", "1"));
    there.request(2, put("/b", "2"));
    await ahead.settle();
    await ahead.commit();
    const world = new World();
    const client = await world.attached(sessionA, [spec(1, "/")]);
    client.request(1, put("/a", "1"));
    client.request(2, put("/b", "2"));
    client.read(1, get("/b"), { after: 2 });
    await world.settle();
    world.parts.stateMachine.restore(concat(ahead.parts.stateMachine.snapshot().chunks()), 3);
    await world.settle();
    expect(client.kinds.filter((kind) => kind !== "snapshot")).toEqual(["result", "result", "read-result"]);
    expect(client.kinds.lastIndexOf("snapshot")).toBeLessThan(client.kinds.indexOf("result"));
    expect(client.of("snapshot").flatMap((page) => page.nodes.map((node) => node.path))).toEqual(["/", "/a", "/b"]);
    expect(client.values).toEqual(["2"]);
  });

  test("that knows the attach answers it", async () => {
    const ahead = new World();
    await ahead.attached();
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    world.parts.stateMachine.restore(concat(ahead.parts.stateMachine.snapshot().chunks()), 1);
    await world.settle();
    expect(client.kinds).toEqual(["attached"]);
  });

  test("in which the session is gone or elsewhere ends its channel", async () => {
    const without = new World();
    const moved = new World();
    await moved.attached();
    const later = moved.client();
    later.attach(sessionA, 2, { ttlMs: null });
    await moved.settle();
    await moved.commit();
    for (const [ahead, code] of [
      [without, "ERR_FLOTILLA_SESSION_EXPIRED"],
      [moved, "ERR_FLOTILLA_MOVED"],
    ] as const) {
      const world = new World();
      const client = await world.attached();
      world.parts.stateMachine.restore(concat(ahead.parts.stateMachine.snapshot().chunks()), 9);
      await world.settle();
      expect(client.of("ended").map((message) => message.code)).toEqual([code]);
    }
  });
});

test("a frame that is none of the protocol ends the channel and changes nothing", async () => {
  for (const frame of [new Uint8Array([255, 1]), encode([99]), encode([1, 1, 0, [0, "/x"]]), encode("hello")]) {
    const world = new World();
    const client = await world.attached();
    client.sendFrame(frame);
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_BAD_FRAME"]);
    expect(world.raft.pending).toEqual([]);
  }
});

test("a member that closes ends every channel and takes no more", async () => {
  const world = new World();
  const client = await world.attached();
  world.parts.door.close();
  const late = world.client();
  await world.settle();
  expect(client.ended).toBe("this member is closing");
  expect(late.ended).toBe("this member is closing");
});
