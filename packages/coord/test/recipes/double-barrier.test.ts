import { expect, test } from "vitest";
import type { BarrierRound, DoubleBarrier } from "../../src/recipes/barrier/api.ts";
import { type Client, isPending, rejection, World } from "./world.ts";

const pair = ({ coord }: Client): DoubleBarrier => coord.doubleBarrier("x", { parties: 2 });

const alone = ({ coord }: Client): Promise<BarrierRound> => coord.doubleBarrier("x", { parties: 1 }).enter();

const enter = ({ coord }: Client): Promise<BarrierRound> => coord.doubleBarrier("x", { parties: 3 }).enter();

async function remains({ session }: Client, world: World): Promise<unknown> {
  return [
    (await world.until(session.children("/double-barrier/x/line")))?.names ?? [],
    await world.until(session.exists("/double-barrier/x/grant")),
  ];
}

test("nobody passes before all are there, and nobody is through before all have left", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const first = enter(a);
  const second = enter(b);
  await world.pass(1_000);
  expect(await isPending(first)).toBe(true);
  const rounds = await world.until(Promise.all([first, second, enter(c)]));
  expect(new Set(rounds.map(({ epoch }) => epoch)).size).toBe(1);
  expect(rounds.map(({ index }) => index).toSorted((x, y) => x - y)).toEqual([0, 1, 2]);
  const [one, two, three] = rounds;
  one.assert();
  const leaving = [one.leave(), two.leave()];
  await world.pass(1_000);
  for (const each of leaving) expect(await isPending(each)).toBe(true);
  expect(one.signal.aborted).toBe(true);
  await world.until(Promise.all([...leaving, three.leave()]));
  expect(await remains(a, world)).toEqual([[], null]);
});

test("one more than there is place for waits for the next round", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const d = await world.client();
  const entering = [];
  for (const client of [a, b, c, d]) {
    entering.push(pair(client).enter());
    await world.pass(100);
  }
  const [one, two, three, four] = entering as [
    Promise<BarrierRound>,
    Promise<BarrierRound>,
    Promise<BarrierRound>,
    Promise<BarrierRound>,
  ];
  const [first, second] = await world.until(Promise.all([one, two]));
  await world.until(first.release());
  await world.pass(1_000);
  expect(await isPending(three)).toBe(true);
  await world.until(second.leave());
  const [third, fourth] = await world.until(Promise.all([three, four]));
  expect(third.epoch).toBe(fourth.epoch);
  expect(third.epoch).toBeGreaterThan(first.epoch);
  await world.until(Promise.all([third.leave(), fourth.leave()]));
});

test("who dies while waiting is not counted; who dies inside has left with its session", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const dying = pair(a).enter();
  dying.catch(() => {});
  await world.pass(200);
  world.kernel.node(a.machine).crash();
  await world.pass(5_000);
  const second = pair(b).enter();
  await world.pass(500);
  expect(await isPending(second)).toBe(true);
  const [mine] = await world.until(Promise.all([second, pair(c).enter()]));
  world.kernel.node(c.machine).crash();
  const leaving = mine.leave();
  await world.pass(1_000);
  expect(await isPending(leaving)).toBe(true);
  await world.until(leaving);
  expect(await remains(b, world)).toEqual([[], null]);
});

test("the signal of one who is cut off fires before the others are through without it", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const [mine, other] = await world.until(Promise.all([pair(a).enter(), pair(b).enter()]));
  const fired = world.firing(other.signal);
  world.isolate(b);
  await world.until(mine.leave());
  expect(fired.atMs).toBeLessThan(world.kernel.nowMs);
  expect(() => other.assert()).toThrow("no longer held");
});

test("a round whose people all died is over for those who come later", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  await world.until(Promise.all([pair(a).enter(), pair(b).enter()]));
  for (const { machine } of [a, b]) world.kernel.node(machine).crash();
  const d = await world.client();
  const [one, two] = await world.until(Promise.all([pair(c).enter(), pair(d).enter()]));
  await world.until(Promise.all([one.leave(), two.leave()]));
  expect(await remains(c, world)).toEqual([[], null]);
});

test("who gives up waiting is not counted, at whatever moment", async () => {
  for (let events = 0; events < 60; events += 3) {
    const world = await World.start(1, `give up ${events}`);
    const [a, b, c] = await world.three();
    const stop = new AbortController();
    const entering = pair(a)
      .enter({ signal: stop.signal })
      .catch(() => null);
    const other = pair(b).enter();
    await world.events(events);
    stop.abort();
    const round = await world.until(entering);
    if (round === null) {
      // Either it was never counted, or the round began with it, and it has left.
      const third = pair(c).enter();
      await world.pass(500);
      const partner = await world.until(other);
      if (await isPending(third)) await world.until(partner.leave());
      else await world.until(Promise.all([partner.leave(), (await third).leave()]));
    } else await world.until(Promise.all([round.leave(), (await world.until(other)).leave()]));
  }
}, 60_000);

test("who counts other parties than whoever waits is told", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const first = pair(a).enter();
  await world.pass(100);
  const wrong = rejection(b.coord.doubleBarrier("x", { parties: 3 }).enter());
  expect(await world.until(wrong)).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await world.until(Promise.all([first, pair(c).enter()]));
  expect(() => a.coord.doubleBarrier("x", { parties: 0 })).toThrow("parties");
  expect(() => a.coord.doubleBarrier("", { parties: 1 })).toThrow("one path segment");
});

test("a barrier of one lets everybody pass, one by one", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const one = await world.until(alone(a));
  const two = alone(b);
  await world.pass(300);
  expect(await isPending(two)).toBe(true);
  await world.until(one.leave());
  await world.until((await world.until(two)).leave());
  expect(await remains(a, world)).toEqual([[], null]);
});

test("leaving ends with its time and its signal, and has left all the same", async () => {
  const world = await World.start();
  const [a, b] = await world.three({ sessionTtlMs: 20_000 });
  const [mine, other] = await world.until(Promise.all([pair(a).enter(), pair(b).enter()]));
  expect(await world.until(rejection(mine.leave({ timeoutMs: 300 })))).toMatchObject({
    code: "ERR_FLOTILLA_TIMEOUT",
  });
  const stop = new AbortController();
  const leaving = rejection(mine.leave({ signal: stop.signal }));
  await world.pass(100);
  stop.abort();
  expect(await world.until(leaving)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  await world.until(other.leave());
  await world.until(mine.leave());
});

test("as many as one command can let leave have a round, and no more", async () => {
  const world = await World.start(1);
  const client = await world.client();
  const { coord, session } = client;
  const parties = 998;
  const barrier = coord.doubleBarrier("x", { parties });
  expect(() => coord.doubleBarrier("x", { parties: parties + 1 })).toThrow("parties");
  const others = Array.from({ length: parties - 1 }, (_, n) => `/double-barrier/x/line/p${n}`);
  const entering = barrier.enter();
  await world.pass(100);
  const value = JSON.stringify({ parties });
  await world.until(session.multi(others.map((path) => ({ type: "create", path, value, ephemeral: true }))));
  const round = await world.until(entering);
  expect(round.index).toBe(0);
  await world.until(session.multi(others.map((path) => ({ type: "delete", path }))));
  await world.until(round.leave());
  expect(await remains(client, world)).toEqual([[], null]);
});
