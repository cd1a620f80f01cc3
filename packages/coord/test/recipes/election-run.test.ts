import { expect, test } from "vitest";
import type { Leadership } from "../../src/recipes/api.ts";
import { isPending, rejection, World } from "./world.ts";
import type { Client } from "./world.ts";

/** Leads until the signal of the leadership fires, and keeps count. */
class Work {
  readonly led: Leadership[] = [];
  running = 0;
  most = 0;

  readonly fn = async (leadership: Leadership): Promise<void> => {
    this.led.push(leadership);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise<void>((resolve) => {
      if (leadership.signal.aborted) resolve();
      leadership.signal.addEventListener("abort", () => resolve());
    });
    this.running -= 1;
  };
}

function start(
  client: Client,
  work: Work,
  signal?: AbortSignal,
): { readonly ended: Promise<void>; readonly work: Work } {
  const ended = client.coord
    .election("x", { id: client.machine })
    .run(work.fn, signal === undefined ? {} : { signal });
  ended.catch(() => {});
  return { ended, work };
}

test("run leads again after a lapse, with a new epoch and never twice at once", async () => {
  const world = await World.start(3);
  const [a] = await world.three({ sessionTtlMs: 10_000 });
  const { ended, work } = start(a, new Work());
  for (let round = 0; round < 3; round += 1) {
    await world.pass(1_000);
    await world.lapse(a);
    expect(work.running).toBe(0);
    world.heal(a);
    await world.pass(4_000);
  }
  expect(work.led).toHaveLength(4);
  expect(work.most).toBe(1);
  const epochs = work.led.map((leadership) => leadership.epoch);
  expect(epochs).toEqual([...new Set(epochs)].toSorted((p, q) => p - q));
  expect(await isPending(ended)).toBe(true);
});

test("run campaigns anew when its place in line or its leadership is forced away", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const first = start(a, new Work());
  await world.pass(100);
  const second = start(b, new Work());
  await world.pass(100);
  for (const client of [b, a]) {
    const { line } = await world.remains(c);
    const place = line.find((name) => name.startsWith(client.session.id)) ?? "";
    await world.until(c.session.delete(`/election/x/line/${place}`, { force: true }));
    await world.pass(500);
  }
  expect(first.work.led).toHaveLength(1);
  expect(second.work.led).toHaveLength(1);
  expect((await world.remains(c)).line).toHaveLength(2);
});

test("run takes turns: when its work returns, the next in line leads", async () => {
  const world = await World.start();
  const clients = await world.three();
  const turns: string[] = [];
  const controller = new AbortController();
  let running = 0;
  const runs = clients.map(async (client) =>
    client.coord.election("x").run(
      async () => {
        running += 1;
        expect(running).toBe(1);
        turns.push(client.machine);
        await new Promise<void>((resolve) => {
          world.kernel.after(100, resolve);
        });
        running -= 1;
      },
      { signal: controller.signal },
    ),
  );
  await world.pass(3_000);
  controller.abort();
  await world.until(Promise.all(runs));
  expect(turns.length).toBeGreaterThan(20);
  for (const [index, machine] of turns.entries()) expect(turns[index + 3] ?? machine).toBe(machine);
});

test("run ends with its signal, after its work did, and whoever waits in line leaves it", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const controller = new AbortController();
  const finish = new AbortController();
  let led: Leadership | undefined;
  const leading = a.coord.election("x").run(
    async (leadership) => {
      led = leadership;
      await new Promise((resolve) => {
        finish.signal.addEventListener("abort", resolve);
      });
    },
    { signal: controller.signal },
  );
  await world.pass(100);
  const waiting = start(b, new Work(), controller.signal);
  await world.pass(100);
  controller.abort();
  await world.until(waiting.ended);
  expect(led?.signal.aborted).toBe(true);
  await world.pass(1_000);
  expect(await isPending(leading)).toBe(true);
  expect(await world.remains(c)).toEqual({ line: [], record: false });
  finish.abort();
  await world.until(leading);
  expect(waiting.work.led).toEqual([]);
});

test("a signal that fired already ends run before it did anything, whenever it fires", async () => {
  for (let step = 0; step < 60; step += 1) {
    const world = await World.start(1, `run ${step}`);
    const a = await world.client();
    const controller = new AbortController();
    if (step === 0) controller.abort();
    const { ended, work } = start(a, new Work(), controller.signal);
    await world.events(step);
    const ledBefore = work.led.length;
    controller.abort();
    await world.until(ended);
    await world.pass(100);
    expect(work.led).toHaveLength(ledBefore);
    expect(await world.remains(a)).toEqual({ line: [], record: false });
  }
}, 60_000);

test("run rejects when its work throws while it leads, and gives the place up", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const failing = rejection(
    a.coord.election("x").run(() => {
      throw new Error("broken");
    }),
  );
  expect(await world.until(failing)).toMatchObject({ message: "broken" });
  expect(await world.remains(b)).toEqual({ line: [], record: false });
});

test("work that throws because leadership ended is not its fault", async () => {
  const world = await World.start();
  const a = await world.client();
  let rounds = 0;
  const controller = new AbortController();
  const running = a.coord.election("x").run(
    async (leadership) => {
      rounds += 1;
      await new Promise((resolve) => {
        leadership.signal.addEventListener("abort", resolve);
      });
      leadership.assert();
    },
    { signal: controller.signal },
  );
  await world.pass(100);
  const { line } = await world.remains(a);
  await world.until(a.session.delete(`/election/x/line/${line[0] ?? ""}`));
  await world.pass(100);
  expect(rounds).toBe(2);
  controller.abort();
  await world.until(running);
});

test("run rejects when the session is lost, after its work ended, and when it is closed", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const first = start(a, new Work());
  const second = start(b, new Work());
  await world.pass(500);
  world.isolate(a);
  await world.pass(5_000);
  world.heal(a);
  expect(await world.until(rejection(first.ended))).toMatchObject({ code: "ERR_FLOTILLA_SESSION_EXPIRED" });
  expect(first.work.running).toBe(0);
  expect(second.work.running).toBe(1);
  await world.until(b.coord.close());
  expect(await world.until(rejection(second.ended))).toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  expect(second.work.running).toBe(0);
});
