import { getEventListeners } from "node:events";
import { openAcl } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

function paths(cluster: FakeCluster): unknown[] {
  return cluster.applied.map(({ operation }) => ("path" in operation ? operation.path : operation.type));
}

/** The servers refuse to be dialed from now on. */
function cutOff(cluster: FakeCluster): void {
  for (let i = 0; i < 1_000; i += 1)
    cluster.refusals.push(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "cut off"));
}

test("numbers writes from 1 in the order of the calls and resolves them in that order", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const order: number[] = [];
  const all = [1, 2, 3].map(async (n) => {
    await session.put(`/n${n}`, String(n));
    order.push(n);
  });
  await cluster.until(Promise.all(all));
  expect(cluster.applied.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(paths(cluster)).toEqual(["/n1", "/n2", "/n3"]);
  expect(order).toEqual([1, 2, 3]);
});

test("resolves writes of all kinds in the order of the calls, when their answers come together", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => session.put("/a", "1"),
    () => session.delete("/a"),
    () => session.create("/b", ""),
    () => session.delete("/none"),
    () => session.set("/b", "2"),
    () => session.multi([{ type: "put", path: "/c", value: "" }]),
    () => session.delete("/b"),
    () => session.setAcl("/c", openAcl),
    () => session.put("/a", "3"),
  ];
  const order: number[] = [];
  const all = calls.map(async (call, at) => {
    await call();
    order.push(at);
  });
  await cluster.pass(1);
  cluster.answerAll(cluster.last, 1);
  await cluster.until(Promise.all(all));
  expect(order).toEqual([...calls.keys()]);
});

test("pipelines writes without waiting for answers", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const all = Promise.all([session.put("/a", "1"), session.put("/b", "2"), session.put("/c", "3")]);
  await cluster.pass(1);
  expect(cluster.last.of("request").map(({ seq }) => seq)).toEqual([1, 2, 3]);
  cluster.answerAll(cluster.last, 1);
  await cluster.until(all);
});

test("acknowledges known results with the next write", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(session.put("/a", "1"));
  await cluster.until(session.put("/b", "2"));
  await cluster.until(session.put("/c", "3"));
  expect(cluster.last.of("request").map(({ ack }) => ack)).toEqual([0, 1, 2]);
});

test("resolves results that come out of order in order, and ignores repeats and unknown numbers", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const order: string[] = [];
  const all = ["/a", "/b"].map(async (path) => {
    order.push((await session.put(path, "")).path);
  });
  await cluster.pass(1);
  const tell = (seq: number): void =>
    cluster.last.send({ type: "result", seq, result: cluster.results.get(seq) ?? new Uint8Array() });
  tell(2);
  await cluster.pass(1);
  expect(order).toEqual([]);
  tell(1);
  tell(1);
  tell(2);
  cluster.last.send({ type: "result", seq: 99, result: cluster.results.get(1) ?? new Uint8Array() });
  await cluster.until(Promise.all(all));
  expect(order).toEqual(["/a", "/b"]);
  cluster.manners.answer = true;
  await cluster.until(session.put("/c", ""));
  expect(cluster.last.of("request").at(-1)).toMatchObject({ seq: 3, ack: 2 });
});

test("sends what the next server has not got, and nothing twice, after a lost connection", async () => {
  const cluster = new FakeCluster();
  cluster.servers = ["a", "b"];
  const session = await cluster.open();
  cluster.manners.answer = false;
  const first = [session.put("/a", ""), session.put("/b", "")];
  await cluster.pass(1);
  cluster.manners.apply = false;
  const rest = [session.put("/c", ""), session.put("/d", "")];
  await cluster.pass(1);
  Object.assign(cluster.manners, { apply: true, answer: true });
  cluster.last.close();
  const written = await cluster.until(Promise.all([...first, ...rest]));
  expect(written.map(({ path }) => path)).toEqual(["/a", "/b", "/c", "/d"]);
  expect(paths(cluster)).toEqual(["/a", "/b", "/c", "/d"]);
  expect(cluster.last.server).toBe("b");
  expect(cluster.last.of("attach")).toMatchObject([{ attach: 2, ttlMs: null }]);
  expect(cluster.last.of("request").map(({ seq }) => seq)).toEqual([3, 4]);
  expect(session.server).toBe("b");
});

test("keeps the order of what was called while there was no connection", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cutOff(cluster);
  cluster.last.close();
  await cluster.pass(100);
  const writes = [session.put("/a", ""), session.put("/b", "")];
  const read = session.get("/b");
  const last = session.put("/c", "");
  cluster.refusals.length = 0;
  await cluster.until(Promise.all([...writes, read, last]));
  expect(paths(cluster)).toEqual(["/a", "/b", "/c"]);
  expect(cluster.last.of("read")).toMatchObject([{ after: 2 }]);
});

test("sends again in order, with new writes behind, when the server dropped some", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.apply = false;
  const dropped = ["/a", "/b", "/c"].map((path) => session.put(path, ""));
  await cluster.pass(1);
  cluster.manners.apply = true;
  cluster.last.send({ type: "resend", from: 1 });
  cluster.last.send({ type: "resend", from: 2 });
  cluster.host.clock.setTimer(1, () => dropped.push(session.put("/d", "")));
  await cluster.pass(5);
  await cluster.until(Promise.all(dropped));
  expect(paths(cluster)).toEqual(["/a", "/b", "/c", "/d"]);
  expect(cluster.last.of("request").map(({ seq }) => seq)).toEqual([1, 2, 3, 1, 2, 3, 4]);
});

test("takes effect once although every message after the first connection is a repeat", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const all = [session.put("/a", ""), session.put("/b", "")];
  await cluster.pass(1);
  cluster.last.send({ type: "resend", from: 1 });
  await cluster.pass(1);
  cluster.last.close();
  cluster.manners.answer = true;
  await cluster.until(Promise.all(all));
  expect(paths(cluster)).toEqual(["/a", "/b"]);
});

test("refuses a write above the window at once, without a number", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const all = Array.from({ length: 1_024 }, () => session.put("/a", ""));
  const error = await errorOf(session.put("/b", ""));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_OVERLOADED", retryable: true, ambiguous: false });
  await cluster.pass(1);
  cluster.answerAll(cluster.last, 1);
  cluster.manners.answer = true;
  await cluster.until(Promise.all(all));
  await cluster.until(session.put("/c", ""));
  expect(cluster.applied.at(-1)).toMatchObject({ seq: 1_025, operation: { path: "/c" } });
});

test("counts the bytes of the window, also of writes that wait for a connection", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cutOff(cluster);
  cluster.last.close();
  await cluster.pass(1);
  const value = new Uint8Array(1_000_000);
  const all = Array.from({ length: 4 }, () => session.put("/a", value));
  expect(await errorOf(session.put("/a", value))).toMatchObject({ code: "ERR_FLOTILLA_OVERLOADED" });
  cluster.refusals.length = 0;
  await cluster.until(Promise.all(all));
  await cluster.until(session.put("/a", value));
});

test("an abort before the send undoes the request and is not ambiguous", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  expect(await errorOf(session.put("/a", "", { signal: AbortSignal.abort() }))).toMatchObject({
    code: "ERR_FLOTILLA_ABORTED",
    ambiguous: false,
  });
  cutOff(cluster);
  cluster.last.close();
  await cluster.pass(1);
  const controller = new AbortController();
  const unsent = errorOf(session.put("/b", "", { signal: controller.signal }));
  const kept = session.put("/c", "");
  controller.abort(new Error("enough"));
  const error = await unsent;
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_ABORTED", ambiguous: false });
  expect(error.cause).toMatchObject({ message: "enough" });
  cluster.refusals.length = 0;
  await cluster.until(kept);
  expect(cluster.applied).toMatchObject([{ seq: 1, operation: { path: "/c" } }]);
});

test("an aborted write gives its room in the window back", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cutOff(cluster);
  cluster.last.close();
  await cluster.pass(1);
  const value = new Uint8Array(1_000_000);
  for (let round = 0; round < 3; round += 1) {
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: 4 }, () => errorOf(session.put("/a", value, { signal })));
    controller.abort();
    expect((await Promise.all(all)).map(({ code }) => code)).toEqual(Array(4).fill("ERR_FLOTILLA_ABORTED"));
  }
});

test("an abort after the send ends the wait only, and is ambiguous", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const controller = new AbortController();
  cluster.manners.answer = false;
  const sent = errorOf(session.put("/a", "", { signal: controller.signal }));
  controller.abort();
  expect(await sent).toMatchObject({ code: "ERR_FLOTILLA_ABORTED", ambiguous: true });
  await cluster.pass(1);
  cluster.manners.answer = true;
  cluster.answerAll(cluster.last, 1);
  await cluster.pass(1);
  await cluster.until(session.put("/b", ""));
  expect(paths(cluster)).toEqual(["/a", "/b"]);
  expect(cluster.last.of("request").at(-1)).toMatchObject({ seq: 2, ack: 1 });
});

test("a timeout ends the wait: ambiguous once sent, after the session's default when none is given", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ timeoutMs: 3_000 });
  cluster.manners.answer = false;
  const before = cluster.host.clock.now();
  expect(await cluster.until(errorOf(session.put("/a", "", { timeoutMs: 50 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    ambiguous: true,
  });
  expect(cluster.host.clock.now() - before).toBeCloseTo(50, 0);
  expect(await cluster.until(errorOf(session.put("/a", "")))).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(cluster.host.clock.now() - before).toBeCloseTo(3_050, 0);
  cutOff(cluster);
  cluster.last.close();
  await cluster.pass(1);
  expect(await cluster.until(errorOf(session.put("/b", "", { timeoutMs: 50 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    ambiguous: false,
  });
});

test("leaves no listener behind on a signal that lives long", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { signal } = new AbortController();
  await cluster.until(Promise.all([session.put("/a", "", { signal }), session.get("/a", { signal })]));
  cluster.manners.answer = false;
  await cluster.until(errorOf(session.put("/a", "", { signal, timeoutMs: 10 })));
  const watch = await cluster.until(session.watch("/a", { signal }));
  await watch.close();
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test.each([
  ["a path that is none", "ERR_FLOTILLA_BAD_PATH", ["a/", "x"]],
  ["a value that is too large", "ERR_FLOTILLA_TOO_LARGE", ["/a", new Uint8Array(1_048_577)]],
  ["a value of another type", "ERR_FLOTILLA_BAD_ARGUMENT", ["/a", 7]],
  ["a version of another type", "ERR_FLOTILLA_BAD_ARGUMENT", ["/a", "x", { version: "1" }]],
  ["a timeout that is none", "ERR_FLOTILLA_BAD_ARGUMENT", ["/a", "x", { timeoutMs: 0 }]],
] as const)("refuses %s before it has a number", async (_, code, args) => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const call = session.put.bind(session) as unknown as (...args: readonly unknown[]) => Promise<unknown>;
  expect(await errorOf(call(...args))).toMatchObject({ code, ambiguous: false });
  await cluster.until(session.put("/ok", ""));
  expect(cluster.applied).toMatchObject([{ seq: 1, operation: { path: "/ok" } }]);
});

test("refuses a multi that is empty, too long, too large or not one", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const item = { type: "put", path: "/a", value: "" } as const;
  expect(await errorOf(session.multi([]))).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect(await errorOf(session.multi(Array.from({ length: 1_001 }, () => item)))).toMatchObject({
    code: "ERR_FLOTILLA_TOO_LARGE",
  });
  const value = new Uint8Array(800_000);
  expect(
    await errorOf(
      session.multi([
        { ...item, value },
        { ...item, value },
      ]),
    ),
  ).toMatchObject({
    code: "ERR_FLOTILLA_TOO_LARGE",
  });
  const path = `/${"x".repeat(3_000)}`;
  expect(
    await errorOf(session.multi(Array.from({ length: 1_000 }, () => ({ ...item, path })))),
  ).toMatchObject({
    code: "ERR_FLOTILLA_TOO_LARGE",
  });
  expect(await errorOf(session.multi([{ type: "nonsense", path: "/a" } as never]))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
  expect(cluster.last.of("request")).toEqual([]);
});

test("says what a server refused, and where in a multi", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.judge = () => ({ ok: false, revision: 7, code: "ERR_FLOTILLA_NOT_FOUND", failed: 1 });
  expect(await cluster.until(errorOf(session.set("/a", "")))).toMatchObject({
    code: "ERR_FLOTILLA_NOT_FOUND",
  });
  const items = [
    { type: "check", path: "/a", exists: true } as const,
    { type: "delete", path: "/b" } as const,
  ];
  expect(await cluster.until(errorOf(session.multi(items)))).toMatchObject({ details: { failed: 1 } });
  expect(await cluster.until(session.delete("/a"))).toBe(false);
  cluster.judge = () => ({ ok: false, revision: 7, code: "ERR_FLOTILLA_FENCED", failed: 0 });
  const fence = { path: "/held", mzxid: 5 };
  expect(await cluster.until(errorOf(session.delete("/a", { fence })))).toMatchObject({
    code: "ERR_FLOTILLA_FENCED",
  });
});

test("puts the fence in front of a write and answers with the write's own result", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const written = await cluster.until(
    session.set("/a", "x", { fence: { path: "/held", mzxid: 5 }, version: 3 }),
  );
  expect(written.path).toBe("/a");
  expect(cluster.applied[0]?.operation).toMatchObject({
    type: "multi",
    ops: [
      { type: "check", path: "/held", if: { mzxid: 5 } },
      { type: "set", path: "/a", if: { version: 3 } },
    ],
  });
});

test("makes ephemeral nodes on the session's own lease", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  await cluster.until(session.create("/a/", "x", { ephemeral: true, sequential: true, guarded: true }));
  expect(session.leaseId).toBe(session.id);
  expect(cluster.applied[0]?.operation).toMatchObject({ lease: session.id, sequential: true, guarded: true });
});

test("sends what the buffer held at the call, also when it is sent again", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.apply = false;
  const value = new Uint8Array([1, 2, 3]);
  const put = session.put("/a", value);
  value.fill(9);
  await cluster.pass(1);
  cluster.manners.apply = true;
  cluster.last.close();
  await cluster.until(put);
  expect(cluster.applied[0]?.operation).toMatchObject({ value: new Uint8Array([1, 2, 3]) });
});
