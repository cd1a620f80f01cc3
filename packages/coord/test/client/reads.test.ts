import { expect, test } from "vitest";
import { bytes, text } from "../../src/client/index.ts";
import { errorOf, FakeCluster, stat } from "./fake-cluster.ts";

test("names the last write that was issued before the read", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const all = [
    session.get("/a"),
    session.put("/a", ""),
    session.get("/a", { level: "local" }),
    session.sync(),
  ];
  await cluster.until(Promise.all(all));
  expect(cluster.last.of("read")).toMatchObject([
    { id: 1, after: 0, linearizable: true, query: { type: "get", path: "/a" } },
    { id: 2, after: 1, linearizable: false, query: { type: "get" } },
    { id: 3, after: 1, linearizable: true, query: { type: "sync" } },
  ]);
});

test("asks again on the next connection what was not answered, with the same number and place", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  await cluster.until(session.put("/a", ""));
  const read = session.get("/a");
  await cluster.pass(1);
  await cluster.until(session.put("/b", ""));
  cluster.manners.read = true;
  cluster.last.close();
  expect(await cluster.until(read)).toBe(null);
  expect(cluster.last.of("read")).toMatchObject([{ id: 1, after: 1 }]);
});

test("hands out what the server answered", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  const answers = Promise.all([
    session.get("/a"),
    session.exists("/a"),
    session.children("/a"),
    session.children("/b"),
  ]);
  await cluster.pass(1);
  const node = { value: bytes("höhe"), stat: stat({ version: 4 }) };
  cluster.last.send({ type: "read-result", id: 1, revision: 1, answer: { type: "node", node } });
  cluster.last.send({
    type: "read-result",
    id: 2,
    revision: 1,
    answer: { type: "stat", stat: stat({ version: 4 }) },
  });
  cluster.last.send({
    type: "read-result",
    id: 3,
    revision: 1,
    answer: { type: "children", names: ["x"], next: "x" },
  });
  cluster.last.send({
    type: "read-result",
    id: 4,
    revision: 1,
    answer: { type: "children", names: null, next: null },
  });
  const [got, exists, children, absent] = await cluster.until(answers);
  expect(got === null ? null : text(got)).toBe("höhe");
  expect(exists).toMatchObject({ version: 4 });
  expect(children).toEqual({ names: ["x"], next: "x" });
  expect(absent).toBe(null);
});

test("rejects with what the server says is wrong, never ambiguous", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  const failed = errorOf(session.get("/a"));
  const misfit = errorOf(session.get("/a"));
  await cluster.pass(1);
  const answer = { type: "error", code: "ERR_FLOTILLA_NO_QUORUM", message: "no leader" } as const;
  cluster.last.send({ type: "read-result", id: 1, revision: 1, answer });
  cluster.last.send({ type: "read-result", id: 2, revision: 1, answer: { type: "done" } });
  expect(await cluster.until(failed)).toMatchObject({ code: "ERR_FLOTILLA_NO_QUORUM", ambiguous: false });
  expect(await cluster.until(misfit)).toMatchObject({ code: "ERR_FLOTILLA_INTERNAL" });
});

test("forgets a read whose caller gave up", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  expect(await cluster.until(errorOf(session.get("/a", { timeoutMs: 20 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
    ambiguous: false,
  });
  cluster.manners.read = true;
  cluster.last.close();
  await cluster.until(session.get("/b"));
  expect(cluster.last.of("read")).toMatchObject([{ query: { path: "/b" } }]);
});

test("keeps a bounded number of reads at the server, and asks the rest as answers come", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  const all = Promise.all(Array.from({ length: 1_000 }, () => session.get("/a")));
  await cluster.pass(1);
  expect(cluster.last.of("read").length).toBe(400);
  cluster.manners.read = true;
  for (const { id } of cluster.last.of("read")) {
    cluster.last.send({ type: "read-result", id, revision: 1, answer: { type: "node", node: null } });
  }
  await cluster.until(all);
  expect(cluster.last.of("read").map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
});

test("refuses reads beyond ten thousand at once", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const all = Promise.all(Array.from({ length: 10_000 }, () => session.get("/a")));
  expect(await errorOf(session.get("/a"))).toMatchObject({ code: "ERR_FLOTILLA_OVERLOADED" });
  await cluster.until(all);
});

test("refuses arguments that no server would take", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  expect(await errorOf(session.get("nowhere"))).toMatchObject({ code: "ERR_FLOTILLA_BAD_PATH" });
  expect(await errorOf(session.children("/a", { limit: 0 }))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
  expect(await errorOf(session.children("/a", { after: 3 as never }))).toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
  expect(cluster.last.of("read")).toEqual([]);
});

test("an error tells the time in whole milliseconds, also what is left of it", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  const error = await cluster.until(errorOf(session.get("/a", { timeoutMs: 49.96 })));
  expect(error.message).toBe("get /a: no answer within 50 ms");
});
