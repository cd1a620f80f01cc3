import type { SessionsPage } from "@flotilla/kv";
import { expect, test } from "vitest";
import { rejection, World } from "./world.ts";

const ttlMs = 2_000;

test("a doomed session is told in time, and its nodes are gone a TTL and a little later", async () => {
  const world = await World.start();
  const [holder, operator] = await world.three();
  await world.until(holder.session.create("/held", "", { ephemeral: true, guarded: true }));
  const signal = world.firing(holder.session.lease.signal);
  const doomedMs = world.kernel.nowMs;
  await world.until(operator.session.doom(holder.session.leaseId));
  const gone = await world.until(operator.session.watch("/held"));
  expect((await world.until(operator.session.sessions())).sessions).toContainEqual(
    expect.objectContaining({ id: holder.session.id, nodes: 1, leases: 1, doomed: true }),
  );
  const events = gone[Symbol.asyncIterator]();
  expect(await world.until(events.next())).toMatchObject({ value: { type: "deleted", path: "/held" } });
  const goneMs = world.kernel.nowMs;
  expect(signal.atMs).toBeLessThan(goneMs);
  expect(goneMs - doomedMs).toBeGreaterThan(ttlMs / 2);
  expect(goneMs - doomedMs).toBeLessThan(ttlMs * 1.02 + 400);
  expect(await world.until(rejection(holder.session.exists("/")))).toMatchObject({
    code: "ERR_FLOTILLA_SESSION_EXPIRED",
  });
});

test("attaching again and again does not put off a doom", async () => {
  const world = await World.start();
  const [holder, operator] = await world.three();
  await world.until(operator.session.doom(holder.session.leaseId));
  const until = world.kernel.nowMs + ttlMs * 1.02 + 400;
  while (world.kernel.nowMs < until) {
    world.reset(holder);
    await world.pass(200);
  }
  const { sessions } = await world.until(operator.session.sessions());
  expect(sessions.map(({ id }) => id)).not.toContain(holder.session.id);
});

test("sessions come in pages, and what is none is refused", async () => {
  const world = await World.start();
  const clients = await world.three();
  const { session } = clients[0];
  const ids = clients.map((client) => client.session.id);
  const found: string[] = [];
  let after: string | null = null;
  do {
    const options = after === null ? { limit: 1 } : { limit: 1, after };
    const page: SessionsPage = await world.until(session.sessions(options));
    for (const { id } of page.sessions) found.push(id);
    after = page.next;
  } while (after !== null);
  expect(found).toEqual(expect.arrayContaining(ids));
  expect(found.toSorted()).toEqual(found);
  for (const options of [{ limit: 0 }, { limit: 1_001 }, { after: "x" }])
    await expect(session.sessions(options)).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await expect(session.doom("x")).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  const absent = rejection(session.doom("0".repeat(32)));
  expect(await world.until(absent)).toMatchObject({ code: "ERR_FLOTILLA_NOT_FOUND" });
});

test("a doomed session stays at its server until its end", async () => {
  const world = await World.start(3);
  const [holder, operator] = [await world.client({ sessionTtlMs: 10_000 }), await world.client()];
  const { server } = holder.session;
  const servers = new Set<string | null>();
  const stop = world.kernel.onAfterEvent(() => {
    if (holder.session.state !== "lost") servers.add(holder.session.server);
  });
  await world.until(operator.session.doom(holder.session.leaseId));
  await world.pass(14_000);
  stop();
  expect(holder.session.state).toBe("lost");
  expect([...servers]).toEqual([server]);
});
