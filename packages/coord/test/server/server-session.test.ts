import { encode } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { get, historyId, put, sessionA, sessionB, World } from "./world.ts";

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

  test("that opens a session is not proposed again while the first may be in the log: it would open it after its close", async () => {
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    const first = world.raft.pending[0];
    world.raft.lose(0);
    await world.clock.advance(100);
    expect(world.raft.pending).toEqual([]);
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_NO_QUORUM"]);
    if (first !== undefined) world.raft.pending.push(first);
    await world.commit();
    expect(client.kinds).toEqual(["ended"]);
  });

  test("to an open session is proposed again after an unknown outcome", async () => {
    const world = new World();
    await world.attached();
    const second = world.client();
    second.attach(sessionA, 2, { ttlMs: null });
    await world.settle();
    world.raft.lose(0);
    await world.clock.advance(100);
    await world.commit();
    expect(second.kinds).toEqual(["attached"]);
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
    const strangers = Array.from({ length: 257 }, () => world.stranger());
    await world.settle();
    expect(strangers.filter((stranger) => stranger.ended !== null).length).toBe(1);
    const own = await world.attached();
    expect(own.ended).toBeNull();
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
    expect(client.results.map(([seq, result]) => [seq, result.ok])).toEqual([
      [1, true],
      [2, true],
    ]);
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

test("a frame that is none of the protocol ends the channel and changes nothing", async () => {
  for (const frame of [
    new Uint8Array([255, 1]),
    encode([99]),
    encode([1, 1, 0, [0, "/x"]]),
    encode("hello"),
  ]) {
    const world = new World();
    const client = await world.attached();
    client.sendFrame(frame);
    await world.settle();
    expect(client.of("ended").map((message) => message.code)).toEqual(["ERR_FLOTILLA_BAD_FRAME"]);
    expect(world.raft.pending).toEqual([]);
  }
});

test("a client that asks and never reads is let go", async () => {
  const world = new World();
  const pinging = await world.attached();
  world.bufferedBytes = 20_000_000;
  pinging.send({ type: "ping", number: 1 });
  await world.settle();
  expect(pinging.ended).toBe("the client does not read");
  const asking = world.client();
  world.bufferedBytes = 0;
  asking.attach(sessionB, 1);
  await world.settle();
  await world.commit();
  world.bufferedBytes = 2_000_000;
  for (let id = 1; id <= 4_097; id += 1) asking.read(id, get("/a"));
  await world.settle();
  expect(asking.ended).toBe("the client does not read");
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
