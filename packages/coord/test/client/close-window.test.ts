import { expect, test } from "vitest";
import type { ClientSession } from "../../src/client/session.ts";
import { World } from "../recipes/world.ts";
import { FakeCluster } from "./fake-cluster.ts";

const full = 1_024;

/** Writes that fill the window of a session. */
function fill(session: ClientSession): Promise<unknown> {
  return Promise.allSettled(Array.from({ length: full }, () => session.put("/a", "")));
}

function kinds(cluster: FakeCluster): string[] {
  return cluster.last.of("request").map(({ operation }) => operation.type);
}

test("a close behind a full window is sent with the first result, and acknowledges it", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const writes = fill(session);
  const closing = session.close();
  await cluster.pass(1);
  expect(kinds(cluster)).not.toContain("close");
  const result = cluster.results.get(1) ?? new Uint8Array();
  cluster.last.send({ type: "result", seq: 1, result });
  await cluster.pass(1);
  const close = cluster.last.of("request").at(-1);
  expect(close).toMatchObject({ seq: full + 1, ack: 1, operation: { type: "close" } });
  cluster.answerAll(cluster.last, 2);
  await cluster.until(Promise.all([writes, closing]));
  expect(cluster.connections).toHaveLength(1);
});

test("a close behind a full window that nobody answers is never sent, and over in its time", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.answer = false;
  const writes = fill(session);
  const startMs = cluster.kernel.nowMs;
  await cluster.until(session.close({ timeoutMs: 500 }));
  expect(cluster.kernel.nowMs - startMs).toBeLessThan(520);
  await cluster.until(writes);
  expect(kinds(cluster)).toHaveLength(full);
});

test("a close behind a full window of writes that were called before the session was attached comes last", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.last.close();
  await cluster.pass(0);
  const writes = fill(session);
  await cluster.until(Promise.all([writes, session.close()]));
  expect(cluster.applied.map(({ operation }) => operation.type).slice(-2)).toEqual(["put", "close"]);
  expect(cluster.applied).toHaveLength(full + 1);
});

test("a session with a full window closes at once, on the connection it has", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 10_000 });
  const other = await world.client();
  await world.until(client.session.create("/mine", "", { ephemeral: true }));
  let attaches = 0;
  world.kernel.network.onSend(({ from, frame }) => {
    if (from === client.machine && frame[0] === 0x87) attaches += 1;
  });
  const writes = Array.from({ length: full }, () => client.session.put("/k", "v"));
  const startMs = world.kernel.nowMs;
  await world.until(client.session.close());
  expect(world.kernel.nowMs - startMs).toBeLessThan(1_000);
  await world.until(Promise.all(writes));
  expect(attaches).toBe(0);
  expect(await world.until(other.session.exists("/mine"))).toBe(null);
});
