import { expect, test } from "vitest";
import type { LeaderInfo } from "../../src/recipes/api.ts";
import { collect, rejection, World } from "./world.ts";

test("an observer is told the leader now and every change, null while vacant, and never goes back", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const { items, done } = collect(c.coord.election("x").observe());
  await world.pass(200);
  for (let round = 0; round < 3; round += 1) {
    for (const client of [a, b]) {
      const leadership = await world.until(client.coord.election("x", { id: client.machine }).campaign());
      await world.pass(100);
      await world.until(leadership.proclaim("p"));
      await world.pass(100);
      await world.until(leadership.release());
      await world.pass(100);
    }
  }
  const ids = items.map((item) => (item === null ? null : `${item.id}${item.value}`));
  const round = [a.machine, `${a.machine}p`, null, b.machine, `${b.machine}p`, null];
  expect(ids).toEqual([null, ...round, ...round, ...round]);
  const epochs = items.flatMap((item) => (item === null ? [] : [item.epoch]));
  expect(epochs).toEqual(epochs.toSorted((p, q) => p - q));
  await world.until(c.coord.close());
  await world.until(done);
});

test("an observer hears of a leader's death, also after its own server died", async () => {
  const world = await World.start(3);
  const [a, , c] = await world.three();
  await world.until(a.coord.election("x", { id: "a" }).campaign());
  const { items } = collect(c.coord.election("x").observe());
  await world.pass(500);
  world.kernel.node(c.session.server ?? "n1").crash();
  world.kernel.node(a.machine).crash();
  await world.pass(10_000);
  expect(items.map((item) => item?.id ?? null)).toEqual(["a", null]);
});

test("a hand-over is never seen as a vacancy, whatever moment it is read at", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const { items } = collect(c.coord.election("x").observe());
  const seen: (string | null)[] = [];
  const poll = async (): Promise<void> => {
    for (;;) seen.push((await c.coord.election("x").leader())?.id ?? null);
  };
  let leadership = await world.until(a.coord.election("x", { id: "a" }).campaign());
  void poll().catch(() => {});
  await world.pass(100);
  items.length = 0;
  for (let round = 0; round < 40; round += 1) {
    const id = round % 2 === 0 ? "b" : "a";
    const next = (round % 2 === 0 ? b : a).coord.election("x", { id }).campaign();
    await world.pass(20);
    await world.until(leadership.release());
    leadership = await world.until(next);
  }
  expect(seen.length).toBeGreaterThan(100);
  expect(seen).not.toContain(null);
  expect(items).not.toContain(null);
}, 60_000);

test("an observer far away hears of leaders that change faster than it can read, in order and not much later", async () => {
  const world = await World.start();
  const [a, b, far] = await world.three();
  const awayMs = 150;
  const { network } = world.kernel;
  for (const id of world.cluster.ids)
    for (const link of [network.link(far.machine, id), network.link(id, far.machine)]) link.extraMs = awayMs;
  const { items } = collect(far.coord.election("x").observe());
  const asked: Promise<LeaderInfo | null>[] = [];
  await world.pass(2_000);
  const heard: { readonly atMs: number; readonly epoch: number }[] = [];
  /** When each led first. */
  const begun = new Map<number, number>();
  const note = (): void => {
    const last = items.at(-1);
    if (last != null && heard.at(-1)?.epoch !== last.epoch)
      heard.push({ atMs: world.kernel.nowMs, epoch: last.epoch });
  };
  let leadership = await world.until(a.coord.election("x").campaign());
  for (let round = 0; round < 100; round += 1) {
    const next = (round % 2 === 0 ? b : a).coord.election("x").campaign();
    begun.set(leadership.epoch, world.kernel.nowMs);
    if (round % 10 === 0) asked.push(far.coord.election("x").leader({ timeoutMs: 3_000 }));
    await world.pass(50);
    note();
    await world.until(leadership.release());
    leadership = await world.until(next);
  }
  const epochs = heard.map(({ epoch }) => epoch);
  expect(epochs).toEqual(epochs.toSorted((p, q) => p - q));
  // A read is 2 × 150 ms away, and it takes three of them at most, after one that has just missed a change.
  expect(heard.length).toBeGreaterThan((100 * 50) / (7 * 2 * awayMs));
  for (const { atMs, epoch } of heard)
    expect(atMs - (begun.get(epoch) ?? atMs), `epoch ${epoch}`).toBeLessThan(4 * 2 * awayMs);
  for (const leader of await world.until(Promise.all(asked))) expect(leader).not.toBeNull();
});

test("an observation ends with its signal, before and after it stands, and with a break", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const early = new AbortController();
  early.abort();
  const never = collect(a.coord.election("x").observe({ signal: early.signal }));
  await never.done;
  expect(never.items).toEqual([]);
  const controller = new AbortController();
  const arming = collect(a.coord.election("x").observe({ signal: controller.signal }));
  const standing = collect(b.coord.election("x").observe({ signal: controller.signal }));
  world.isolate(a);
  await world.pass(100);
  expect(standing.items).toEqual([null]);
  controller.abort();
  await arming.done;
  await standing.done;
  const first = async (): Promise<unknown> => {
    for await (const item of b.coord.election("x").observe()) return item;
    return "nothing";
  };
  expect(await world.until(first())).toBe(null);
});

test("an observation of a session that is lost rejects", async () => {
  const world = await World.start(3);
  const { coord, machine, session } = await world.client();
  const { done } = collect(coord.election("x").observe());
  const lost = rejection(done);
  await world.pass(500);
  for (const id of world.cluster.ids) world.kernel.network.cutBoth(machine, id);
  await world.pass(5_000);
  world.kernel.network.healAll();
  await world.pass(5_000);
  expect(session.state).toBe("lost");
  expect(await world.until(lost)).toMatchObject({ code: "ERR_FLOTILLA_SESSION_EXPIRED" });
});
