import type { Node } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { Watch, WatchEvent } from "../../src/client/api.ts";
import type { ToldEvent } from "../../src/wire/messages.ts";
import { errorOf, FakeCluster, historyId, stat } from "./fake-cluster.ts";

function change(revision: number, ordinal = 0, bytes = 1): ToldEvent {
  return {
    revision,
    ordinal,
    type: "changed",
    path: `/a/${revision}`,
    node: { value: new Uint8Array(bytes), stat: stat() },
    previous: null,
  };
}

function entry(path: string): { readonly path: string; readonly node: Node } {
  return { path, node: { value: new Uint8Array(1), stat: stat() } };
}

/** Reads a watch into a list, until it ends. */
function collect(watch: Watch): { readonly events: WatchEvent[]; readonly done: Promise<void> } {
  const events: WatchEvent[] = [];
  const run = async (): Promise<void> => {
    for await (const event of watch) events.push(event);
  };
  return { events, done: run() };
}

function revisions(events: readonly WatchEvent[]): number[] {
  return events.map(({ revision }) => revision);
}

async function watching(options: { kind?: "data" | "recursive" } = {}) {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const watch = await cluster.until(session.watch("/a", { kind: "recursive", ...options }));
  return { cluster, session, watch };
}

test("resolves only once the server armed it, and tells from then on", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.arm = false;
  let isArmed = false;
  const arming = session.watch("/a").then((watch) => {
    isArmed = true;
    return watch;
  });
  await cluster.pass(1_000);
  expect(isArmed).toBe(false);
  expect(cluster.last.of("watch")).toMatchObject([
    { after: 0, watch: { id: 1, path: "/a", kind: "data", from: null } },
  ]);
  cluster.last.send({ type: "armed", id: 1, token: { historyId, revision: 4, ordinal: 0 } });
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(5)] });
  const watch = await cluster.until(arming);
  expect(watch.token).toEqual({ historyId, revision: 4, ordinal: 0 });
  const { events } = collect(watch);
  await cluster.pass(1);
  expect(revisions(events)).toEqual([5]);
  expect(watch.token).toEqual({ historyId, revision: 5, ordinal: 0 });
});

test("is armed behind the writes that were issued before it", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(Promise.all([session.put("/x", ""), session.watch("/a"), session.put("/y", "")]));
  expect(cluster.last.of("watch")).toMatchObject([{ after: 1 }]);
});

test("the token stands at what was handed out, not at what arrived", async () => {
  const { cluster, watch } = await watching();
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(1), change(2)] });
  await cluster.pass(1);
  expect(watch.token).toMatchObject({ revision: 0 });
  const iterator = watch[Symbol.asyncIterator]();
  await iterator.next();
  expect(watch.token).toMatchObject({ revision: 1 });
});

test("resumes on the next connection behind the last event that arrived, and tells none twice", async () => {
  const { cluster, watch } = await watching();
  const { events } = collect(watch);
  cluster.last.send({
    type: "events",
    ids: [1],
    previous: false,
    events: [change(1), change(2, 0), change(2, 1)],
  });
  await cluster.pass(1);
  cluster.last.close();
  await cluster.pass(100);
  const [spec] = cluster.last.of("attach")[0]?.watches ?? [];
  expect(spec).toMatchObject({ path: "/a", kind: "recursive", from: { historyId, revision: 2, ordinal: 1 } });
  const id = spec?.id ?? 0;
  cluster.last.send({
    type: "events",
    ids: [id],
    previous: false,
    events: [change(2, 0), change(2, 1), change(2, 2), change(3)],
  });
  await cluster.pass(1);
  expect(revisions(events)).toEqual([1, 2, 2, 2, 3]);
});

test("asks again for a watch that was not armed when the connection was lost", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.arm = false;
  const arming = session.watch("/a");
  await cluster.pass(1);
  cluster.manners.arm = true;
  cluster.last.close();
  const watch = await cluster.until(arming);
  expect(cluster.last.of("attach")).toMatchObject([{ watches: [] }]);
  expect(cluster.last.of("watch")).toMatchObject([{ watch: { id: 1, from: null } }]);
  await watch.close();
});

test("starts behind a token that was kept, in the history it belongs to", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(session.watch("/a", { from: { revision: 3, ordinal: 2 } }));
  await cluster.until(session.watch("/a", { from: { revision: 3, ordinal: 2, historyId: "other" } }));
  expect(cluster.last.of("watch").map(({ watch }) => watch.from)).toEqual([
    { historyId, revision: 3, ordinal: 2 },
    { historyId: "other", revision: 3, ordinal: 2 },
  ]);
});

test("puts the pages of a snapshot together into one event, and goes on after its revision", async () => {
  const { cluster, watch } = await watching();
  const { events } = collect(watch);
  const page = { type: "snapshot", id: 1, revision: 9, historyId, reason: "compacted" } as const;
  cluster.last.send({ ...page, nodes: [entry("/a")], last: false });
  cluster.last.send({ ...page, nodes: [], last: false });
  cluster.last.send({ ...page, nodes: [entry("/a/b")], last: true });
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(9, 3), change(10)] });
  await cluster.pass(1);
  expect(events).toMatchObject([
    { type: "snapshot", revision: 9, nodes: [{ path: "/a" }, { path: "/a/b" }] },
    { type: "changed", revision: 10 },
  ]);
});

test("never continues a snapshot on another connection", async () => {
  const { cluster, watch } = await watching();
  const { events } = collect(watch);
  const nodes = [entry("/a")];
  cluster.last.send({
    type: "snapshot",
    id: 1,
    revision: 9,
    historyId,
    reason: "compacted",
    nodes,
    last: false,
  });
  await cluster.pass(1);
  cluster.last.close();
  await cluster.pass(100);
  const [spec] = cluster.last.of("attach")[0]?.watches ?? [];
  expect(spec?.from).toMatchObject({ revision: 0 });
  cluster.last.send({
    type: "snapshot",
    id: spec?.id ?? 0,
    revision: 12,
    historyId,
    reason: "compacted",
    nodes,
    last: true,
  });
  await cluster.pass(1);
  expect(events).toMatchObject([{ type: "snapshot", revision: 12, nodes: [{ path: "/a" }] }]);
});

test("takes a snapshot of another history, although its revisions are lower", async () => {
  const { cluster, watch } = await watching();
  const { events } = collect(watch);
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(100)] });
  cluster.last.send({
    type: "snapshot",
    id: 1,
    revision: 7,
    historyId: "restored",
    reason: "other-history",
    nodes: [],
    last: true,
  });
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(8)] });
  await cluster.pass(1);
  expect(revisions(events)).toEqual([100, 7, 8]);
  expect(watch.token).toMatchObject({ historyId: "restored", revision: 8 });
});

test("gives up a server that would take a watch back in time", async () => {
  const { cluster, watch } = await watching();
  const { events } = collect(watch);
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(100)] });
  cluster.last.send({
    type: "snapshot",
    id: 1,
    revision: 7,
    historyId,
    reason: "compacted",
    nodes: [],
    last: true,
  });
  await cluster.pass(100);
  expect(revisions(events)).toEqual([100]);
  expect(cluster.connections.length).toBe(2);
  expect(cluster.last.of("attach")[0]?.watches[0]?.from).toMatchObject({ revision: 100 });
});

test("stops the server when its consumer falls behind, and goes on from there without a loss", async () => {
  const { cluster, watch } = await watching();
  const all = Array.from({ length: 30_000 }, (_, i) => change(i + 1));
  const tell = (id: number, from: number): void => {
    for (let at = from; at < all.length; at += 5_000)
      cluster.last.send({ type: "events", ids: [id], previous: false, events: all.slice(at, at + 5_000) });
  };
  tell(1, 0);
  await cluster.pass(1);
  expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
  const { events } = collect(watch);
  await cluster.pass(1);
  expect(events.length).toBe(10_000);
  for (let id = 2; id <= 3; id += 1) {
    const again = cluster.last.of("watch").at(-1);
    expect(again).toMatchObject({ watch: { id, from: { revision: events.length } } });
    // What was on its way for the arming before is not taken for the one at hand.
    cluster.last.send({
      type: "events",
      previous: false,
      ids: [id - 1],
      events: all.slice(events.length + 100, events.length + 200),
    });
    tell(id, events.length);
    await cluster.pass(1);
  }
  expect(revisions(events)).toEqual(all.map(({ revision }) => revision));
});

test("tells each watch of a message, though one of them is full, closed or unknown", async () => {
  const { cluster, session, watch: slow } = await watching();
  const [closed, quick] = await cluster.until(
    Promise.all([session.watch("/a", { kind: "recursive" }), session.watch("/a", { kind: "recursive" })]),
  );
  const { events } = collect(quick);
  await closed.close();
  const all = Array.from({ length: 10_001 }, (_, i) => change(i + 1));
  cluster.last.send({ type: "events", ids: [9, 1, 2, 3], previous: false, events: all.slice(0, 10_000) });
  cluster.last.send({ type: "events", ids: [1, 3], previous: false, events: all.slice(10_000) });
  await cluster.pass(1);
  expect(revisions(events)).toEqual(all.slice(0, events.length).map(({ revision }) => revision));
  // The quick one has room again, and says that as 4 it stood before.
  expect(cluster.last.of("unwatch").map(({ id }) => id)).toEqual([2, 1, 3, 4]);
  // What one consumer does to its value is no other's business.
  const { value: first } = await slow[Symbol.asyncIterator]().next();
  expect(first).toEqual(events[0]);
  (first as ToldEvent).node?.value.fill(7);
  expect(events[0]).toMatchObject({ node: { value: new Uint8Array(1) } });
});

test("counts bytes of what waits for a slow consumer", async () => {
  const { cluster } = await watching();
  for (let i = 1; i <= 20; i += 1)
    cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(i, 0, 1_000_000)] });
  await cluster.pass(1);
  expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
});

test("a consumer that catches up while there is no connection is armed with the next one", async () => {
  const { cluster, watch } = await watching();
  for (let i = 0; i < 10_000; i += 1_000) {
    cluster.last.send({
      type: "events",
      previous: false,
      ids: [1],
      events: Array.from({ length: 1_000 }, (_, j) => change(i + j + 1)),
    });
  }
  await cluster.pass(1);
  cluster.manners.attach = false;
  cluster.last.close();
  await cluster.pass(100);
  expect(cluster.last.of("attach")).toMatchObject([{ watches: [] }]);
  const { events } = collect(watch);
  await cluster.pass(1);
  expect(events.length).toBe(10_000);
  const attach = cluster.last.of("attach")[0];
  if (attach !== undefined) cluster.attach(cluster.last, attach);
  await cluster.pass(1);
  const again = cluster.last.of("watch");
  expect(again).toMatchObject([{ watch: { from: { revision: 10_000 } } }]);
  cluster.last.send({
    type: "events",
    ids: [again[0]?.watch.id ?? 0],
    previous: false,
    events: [change(10_001)],
  });
  await cluster.pass(1);
  expect(revisions(events).at(-1)).toBe(10_001);
});

test.each(["close", "break", "abort"] as const)(
  "ends by %s: the server is told, and nothing more comes",
  async (how) => {
    const cluster = new FakeCluster();
    const session = await cluster.open();
    const controller = new AbortController();
    const watch = await cluster.until(session.watch("/a", { signal: controller.signal }));
    cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(1), change(2)] });
    await cluster.pass(1);
    const seen: number[] = [];
    for await (const event of watch) {
      seen.push(event.revision);
      if (how === "close") await watch.close();
      if (how === "abort") controller.abort();
      if (how === "break") break;
    }
    await cluster.pass(1);
    expect(seen).toEqual([1]);
    expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
  },
);

test("a watch that is closed while it is being armed again is taken back", async () => {
  const { cluster, watch } = await watching();
  cluster.manners.attach = false;
  cluster.last.close();
  await cluster.pass(100);
  const attach = cluster.last.of("attach")[0];
  await watch.close();
  if (attach !== undefined) cluster.attach(cluster.last, attach);
  await cluster.pass(1);
  expect(cluster.last.of("unwatch")).toMatchObject([{ id: attach?.watches[0]?.id }]);
});

test("an abort while it is being armed rejects and takes it back", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.arm = false;
  const controller = new AbortController();
  const arming = errorOf(session.watch("/a", { signal: controller.signal }));
  await cluster.pass(1);
  controller.abort();
  expect(await arming).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  await cluster.pass(1);
  expect(cluster.last.of("unwatch")).toEqual([{ type: "unwatch", id: 1 }]);
});

test("hands out what arrived, then throws, when the session is lost", async () => {
  const { cluster, watch } = await watching();
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(1)] });
  cluster.last.send({ type: "ended", code: "ERR_FLOTILLA_SESSION_EXPIRED", message: "" });
  await cluster.pass(1);
  const { events, done } = collect(watch);
  expect(await errorOf(done)).toMatchObject({ code: "ERR_FLOTILLA_SESSION_EXPIRED" });
  expect(revisions(events)).toEqual([1]);
});

test("ends without an error when the session is closed", async () => {
  const { cluster, session, watch } = await watching();
  const { done } = collect(watch);
  await cluster.until(session.close());
  await done;
});

test("an event is handed out before the answer that came after it", async () => {
  const { cluster, session, watch } = await watching();
  const order: string[] = [];
  const next = watch[Symbol.asyncIterator]()
    .next()
    .then(() => order.push("event"));
  cluster.manners.read = false;
  const read = session.get("/a").then(() => order.push("answer"));
  await cluster.pass(1);
  cluster.last.send({ type: "events", ids: [1], previous: false, events: [change(1)] });
  cluster.last.send({ type: "read-result", id: 1, revision: 1, answer: { type: "node", node: null } });
  await cluster.until(Promise.all([next, read]));
  expect(order).toEqual(["event", "answer"]);
});

test("refuses arguments that no server would take, and more watches than a session may have", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  expect(await errorOf(session.watch("a"))).toMatchObject({ code: "ERR_FLOTILLA_BAD_PATH" });
  expect(await errorOf(session.watch("/a", { kind: "all" as never }))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
  const from = { revision: -1, ordinal: 0 };
  expect(await errorOf(session.watch("/a", { from }))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  for (let i = 0; i < 5; i += 1) {
    await cluster.until(Promise.all(Array.from({ length: 200 }, () => session.watch("/a"))));
  }
  expect(await errorOf(session.watch("/a"))).toMatchObject({ code: "ERR_FLOTILLA_LIMIT" });
});
