import { describe, expect, test } from "vitest";
import type { Snapshot, StateMachine } from "@flotilla/raft";
import { get, put, sessionA, sessionB, spec, World } from "./world.ts";

function install(snapshot: Snapshot, stateMachine: StateMachine): void {
  const restoring = stateMachine.beginRestore(9);
  for (const chunk of snapshot.chunks()) restoring.write(chunk);
  for (let isMore = true; isMore;) isMore = restoring.work();
  restoring.prove();
  restoring.replace();
}

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
    expect(client.heard).toEqual([{ type: "renewed", number: 12, refused: [] }]);
  });

  test("of another session's lease are refused, and those of none but others not answered", async () => {
    const world = new World();
    const client = await world.attached();
    await world.attached(sessionB);
    client.send({ type: "renew", number: 1, leases: [sessionB] });
    client.send({ type: "renew", number: 2, leases: [sessionA, sessionB] });
    await world.settle();
    world.raft.confirmReads();
    await world.settle();
    expect(client.heard).toEqual([{ type: "renewed", number: 2, refused: [sessionB] }]);
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
    install(ahead.parts.stateMachine.snapshot(), world.parts.stateMachine);
    await world.settle();
    expect(client.kinds.filter((kind) => kind !== "snapshot")).toEqual(["result", "result", "read-result"]);
    expect(client.kinds.lastIndexOf("snapshot")).toBeLessThan(client.kinds.indexOf("result"));
    expect(client.of("snapshot").flatMap((page) => page.nodes.map((node) => node.path))).toEqual([
      "/",
      "/a",
      "/b",
    ]);
    expect(client.values).toEqual(["2"]);
  });

  test("that knows the attach answers it", async () => {
    const ahead = new World();
    await ahead.attached();
    const world = new World();
    const client = world.client();
    client.attach(sessionA, 1);
    await world.settle();
    install(ahead.parts.stateMachine.snapshot(), world.parts.stateMachine);
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
      install(ahead.parts.stateMachine.snapshot(), world.parts.stateMachine);
      await world.settle();
      expect(client.of("ended").map((message) => message.code)).toEqual([code]);
    }
  });
});
