import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.ts";

/** A path that is as long as a path may be. */
function longest(n: number): string {
  const parts = [String(n).padStart(5, "0"), ...Array.from({ length: 20 }, () => "x".repeat(200))];
  return `/${parts.join("/")}`.padEnd(4_096, "y");
}

test("answers on a new channel tell nothing before what comes behind the watches that the attach could not name", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ sessionTtlMs: 60_000 });
  for (let n = 0; n < 300; n += 1) await cluster.until(session.watch(longest(n)));
  cluster.manners.answer = false;
  let written = 0;
  const count = (): void => void (written += 1);
  for (const path of ["/a", "/b"]) void session.put(path, "").then(count);
  await cluster.pass(10);
  Object.assign(cluster.manners, { answer: true, read: false });
  cluster.last.close();
  await cluster.pass(100);
  const { last } = cluster;
  const after = last.received
    .filter(({ type }) => type !== "renew" && type !== "ping")
    .map(({ type }) => type);
  const surplus = last.of("watch").length;
  expect(after[0]).toBe("attach");
  expect(surplus).toBeGreaterThan(40);
  expect(after.lastIndexOf("watch")).toBeLessThan(after.indexOf("read"));
  expect(cluster.applied).toHaveLength(2);
  expect(written).toBe(0);
  const [{ id } = { id: -1 }] = last.of("read");
  last.send({ type: "read-result", id, revision: 2, answer: { type: "stat", stat: null } });
  await cluster.pass(10);
  expect(written).toBe(2);
});

test("what was told too early on a channel that broke is told on the next", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ sessionTtlMs: 60_000 });
  for (let n = 0; n < 300; n += 1) await cluster.until(session.watch(longest(n)));
  cluster.manners.answer = false;
  const written = session.put("/a", "");
  await cluster.pass(10);
  Object.assign(cluster.manners, { answer: true, read: false });
  cluster.last.close();
  await cluster.pass(100);
  cluster.manners.read = true;
  cluster.last.close();
  await cluster.until(written);
  expect(cluster.applied).toHaveLength(1);
});

test.each(["closed", "lost"])("a session that is %s tells what it was told too early", async (how) => {
  const cluster = new FakeCluster();
  const session = await cluster.open({ sessionTtlMs: 60_000 });
  for (let n = 0; n < 300; n += 1) await cluster.until(session.watch(longest(n)));
  cluster.manners.answer = false;
  const written = session.put("/a", "");
  const kept = written.catch((error: unknown) => error);
  await cluster.pass(10);
  Object.assign(cluster.manners, { answer: true, read: false });
  cluster.last.close();
  await cluster.pass(100);
  const code = "ERR_FLOTILLA_SESSION_EXPIRED";
  if (how === "lost") cluster.last.send({ type: "ended", code, message: "" });
  else await cluster.until(session.close({ timeoutMs: 1_000 }));
  expect(await cluster.until(kept)).toMatchObject({ path: "/a", revision: 1 });
});

test.each(["closed", "lost"])(
  "what is garbled and comes too early keeps no session from being %s",
  async (how) => {
    const cluster = new FakeCluster();
    const session = await cluster.open({ sessionTtlMs: 60_000 });
    for (let n = 0; n < 300; n += 1) await cluster.until(session.watch(longest(n)));
    Object.assign(cluster.manners, { answer: false, read: false });
    const ended = session
      .put("/a", "", { timeoutMs: Number.POSITIVE_INFINITY })
      .catch((error: unknown) => error);
    await cluster.pass(10);
    cluster.last.close();
    await cluster.pass(100);
    const { last } = cluster;
    last.send({ type: "result", seq: 1, result: Uint8Array.of(255) });
    await cluster.pass(10);
    const code = "ERR_FLOTILLA_SESSION_EXPIRED";
    if (how === "lost") last.send({ type: "ended", code, message: "" });
    else await cluster.until(session.close({ timeoutMs: 1_000 }));
    await cluster.pass(5_000);
    if (how === "lost") cluster.last.send({ type: "ended", code, message: "" });
    expect(await cluster.until(ended)).toMatchObject({ ambiguous: true });
    expect(session.state).toBe(how);
  },
);
