import { expect, test } from "vitest";
import type { Leadership } from "../../src/recipes/api.ts";
import { decodeClientMessage } from "../../src/wire/client-codec.ts";
import { decodeServerMessage } from "../../src/wire/server-codec.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { Beliefs } from "./beliefs.ts";
import { isPending, World } from "./world.ts";
import type { Client } from "./world.ts";

/** Somebody leads, a second campaigns while the first gives up, all on one member. */
interface Scene {
  readonly world: World;
  readonly beliefs: Beliefs;
  readonly clients: [Client, Client, Client];
  /** Of the second. */
  readonly campaign: Promise<Leadership>;
  readonly controller: AbortController;
}

async function scene(seed: string, releaseAfter: number | null, members = 1): Promise<Scene> {
  const world = await World.start(members, seed);
  const beliefs = new Beliefs(world.kernel);
  const clients = await world.three({ sessionTtlMs: 10_000 });
  const [a, b] = clients;
  const controller = new AbortController();
  if (releaseAfter !== null) {
    const held = await world.until(a.coord.election("x").campaign());
    beliefs.add(a.machine, "x", held);
    let left = releaseAfter;
    const stop = world.kernel.onAfterEvent(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      void held.release();
    });
  }
  const campaign = b.coord.election("x").campaign({ signal: controller.signal });
  campaign.then(
    (leadership) => beliefs.add(b.machine, "x", leadership),
    () => {},
  );
  return { world, beliefs, clients, campaign, controller };
}

/** Whoever comes last must be elected, alone, in a while. */
async function expectOpen({ world, beliefs, clients: [, , c] }: Scene): Promise<void> {
  const leadership = await world.until(c.coord.election("x").campaign(), 20_000);
  beliefs.add(c.machine, "x", leadership);
  await world.pass(500);
  expect((await world.remains(c)).line).toHaveLength(1);
  await world.until(leadership.release());
  expect(await world.remains(c)).toEqual({ line: [], record: false });
  beliefs.check();
}

/** When the first gives up, in events from the second's campaign; null when the place is free. */
const releases = [null, 25];

test.each(releases)(
  "a campaign aborted at any moment leaves nobody in line (release after %s events)",
  async (releaseAfter) => {
    const whole = await scene("abort", releaseAfter);
    const steps = await whole.world.eventsUntil(whole.campaign);
    expect(steps).toBeGreaterThan(5);
    for (let step = 0; step <= steps; step += 1) {
      const one = await scene("abort", releaseAfter);
      await one.world.events(step);
      const wasPending = await isPending(one.campaign);
      one.controller.abort();
      const leadership = await one.world.until(one.campaign.catch(() => null));
      expect(leadership === null).toBe(wasPending);
      await one.world.until(leadership?.release() ?? Promise.resolve());
      await expectOpen(one);
    }
  },
  120_000,
);

test.each(releases)(
  "connections that break at any moment neither make two holders nor block the line (release after %s events)",
  async (releaseAfter) => {
    const whole = await scene("reset", releaseAfter);
    const steps = await whole.world.eventsUntil(whole.campaign);
    for (let step = 0; step <= steps; step += 1) {
      const one = await scene("reset", releaseAfter);
      const { world, clients, campaign } = one;
      await world.events(step);
      for (const client of clients) world.reset(client);
      const leadership = await world.until(campaign, 20_000);
      const node = await world.until(clients[2].session.exists(leadership.fence.path));
      expect(node?.mzxid).toBe(leadership.epoch);
      expect((await world.remains(clients[2])).line).toHaveLength(1);
      await world.until(leadership.release());
      await expectOpen(one);
    }
  },
  120_000,
);

test("a client that is cut off and aborted at any moment of its campaign leaves nobody in line", async () => {
  const whole = await scene("cut", 25);
  const steps = await whole.world.eventsUntil(whole.campaign);
  for (let step = 0; step <= steps; step += 1) {
    const one = await scene("cut", 25);
    const { world, clients, campaign, controller } = one;
    await world.events(step);
    world.isolate(clients[1]);
    await world.events(5);
    controller.abort();
    const leadership = await world.until(campaign.catch(() => null));
    await world.pass(1_000);
    world.heal(clients[1]);
    await world.until(leadership?.release() ?? Promise.resolve());
    await expectOpen(one);
  }
}, 120_000);

test("a process that dies at any moment of its campaign blocks the line for its time to live at most", async () => {
  const whole = await scene("death", 25);
  const steps = await whole.world.eventsUntil(whole.campaign);
  for (let step = 0; step <= steps; step += 3) {
    const one = await scene("death", 25);
    await one.world.events(step);
    one.world.kernel.node(one.clients[1].machine).crash();
    one.beliefs.died(one.clients[1].machine);
    await expectOpen(one);
  }
}, 120_000);

test("a leader of the cluster that dies at any moment of a hand-over changes nothing but the time it takes", async () => {
  const whole = await scene("fail-over", 40, 3);
  const steps = await whole.world.eventsUntil(whole.campaign);
  for (let step = 0; step <= steps; step += 11) {
    const one = await scene("fail-over", 40, 3);
    const { world, campaign, clients } = one;
    await world.events(step);
    world.kernel.node(await world.cluster.leader()).crash();
    const leadership = await world.until(campaign);
    expect(leadership.signal.aborted).toBe(false);
    await world.until(leadership.release());
    await expectOpen(one);
    expect(clients.map(({ session }) => session.state)).toEqual(["connected", "connected", "connected"]);
  }
}, 120_000);

test("a holder that goes without handing over, at any moment of a campaign, is replaced by it", async () => {
  for (let step = 0; step < 70; step += 1) {
    const world = await World.start(1, "vacancy");
    const [a, b, c] = await world.three({ sessionTtlMs: 10_000 });
    const held = await world.until(a.coord.election("x").campaign());
    const campaign = b.coord.election("x").campaign();
    await world.events(step);
    await world.until(c.session.delete(held.fence.path, { force: true }));
    const next = await world.until(campaign, 1_000);
    expect(next.epoch).toBeGreaterThan(held.epoch);
  }
}, 60_000);

test("of two who both find themselves first, one is granted", async () => {
  for (let offsetMs = 0; offsetMs < 80; offsetMs += 2) {
    const world = await World.start(1, `first ${offsetMs}`);
    const beliefs = new Beliefs(world.kernel);
    const [a, b, c] = await world.three({ sessionTtlMs: 10_000 });
    const held = await world.until(a.coord.election("x").campaign());
    const slow = b.coord.election("x").campaign();
    await world.pass(100);
    for (const [from, to] of [["n1", b.machine] as const, [b.machine, "n1"] as const]) {
      world.kernel.network.link(from, to).extraMs = 10;
    }
    await world.until(c.session.delete(held.fence.path, { force: true }));
    await world.pass(offsetMs);
    const fast = c.coord.election("x", { priority: 1 }).campaign();
    slow.then(
      (leadership) => beliefs.add(b.machine, "x", leadership),
      () => {},
    );
    fast.then(
      (leadership) => beliefs.add(c.machine, "x", leadership),
      () => {},
    );
    const first = await world.until(Promise.race([slow, fast]));
    await world.pass(1_000);
    expect([await isPending(slow), await isPending(fast)].filter((pending) => pending)).toHaveLength(1);
    await world.until(first.release());
    await world.until(Promise.all([slow, fast]));
    beliefs.check();
  }
}, 60_000);

test("a release wakes two at most, however many stand in line", async () => {
  const world = await World.start();
  const clients = [...(await world.three()), ...(await world.three()), ...(await world.three())];
  const campaigns = await world.line(clients);
  for (const [index, campaign] of campaigns.slice(0, -1).entries()) {
    const leadership = await world.until(campaign);
    await world.pass(200);
    const told = new Set<string>();
    const asking = new Set<string>();
    const stop = world.kernel.network.onSend(({ from, to, protocol, frame }) => {
      if (protocol !== clientProtocol) return;
      if (!world.cluster.ids.includes(from)) {
        if (decodeClientMessage(frame).type === "read") asking.add(from);
      } else if (decodeServerMessage(frame).type === "events") told.add(to);
    });
    const releaser = clients[index]?.machine ?? "";
    const next = clients[index + 1]?.machine ?? "";
    await world.until(leadership.release());
    await world.pass(200);
    stop();
    told.delete(releaser);
    expect(told.delete(next)).toBe(true);
    expect(told.size).toBeLessThanOrEqual(1);
    // Whoever is granted knows that without a look.
    expect(asking.has(next)).toBe(false);
    asking.delete(releaser);
    expect(asking.size).toBeLessThanOrEqual(1);
  }
});
