import { expect, test } from "vitest";
import type { LockHold } from "../../src/recipes/lock-api.ts";
import { decodeClientMessage } from "../../src/wire/client-codec.ts";
import { nothing, remains } from "./places.ts";
import { World } from "./world.ts";
import type { Client } from "./world.ts";

/** Longer than anybody in line waits before it looks who is ahead. */
const settledMs = 100;
/** Sooner than that. */
const promptMs = 20;

/** Who waits, in the order they came, and what they hold once it is their turn. */
class Line {
  readonly world: World;
  readonly held: string[] = [];
  readonly #holds = new Map<string, LockHold>();
  readonly #waits = new Map<string, AbortController>();

  constructor(world: World) {
    this.world = world;
  }

  /** Joins, and waits until it stands. */
  async join(client: Client, id: string, priority = 0): Promise<void> {
    const controller = new AbortController();
    this.#waits.set(id, controller);
    client.coord
      .lock("x", { id, priority })
      .acquire({ signal: controller.signal })
      .then(
        (hold) => {
          this.held.push(id);
          this.#holds.set(id, hold);
        },
        () => {},
      );
    await this.world.pass(promptMs);
  }

  giveUp(id: string): void {
    this.#waits.get(id)?.abort();
  }

  async release(id: string): Promise<void> {
    const hold = this.#holds.get(id);
    if (hold === undefined) throw new Error(`${id} holds nothing`);
    await this.world.until(hold.release());
    await this.world.pass(promptMs);
  }
}

async function start(): Promise<{ world: World; line: Line; clients: readonly [Client, Client, Client] }> {
  const world = await World.start(3);
  const clients = await world.three();
  const line = new Line(world);
  await line.join(clients[0], "a");
  for (const [at, id] of ["b", "c", "d"].entries()) await line.join(clients[at % 3] ?? clients[0], id);
  return { world, line, clients };
}

test("a holder hands over to whoever came first, however it knows of them", async () => {
  const { world, line, clients } = await start();
  await line.release("a");
  await line.join(clients[0], "e");
  for (const id of ["b", "c", "d", "e"]) await line.release(id);
  expect(line.held).toEqual(["a", "b", "c", "d", "e"]);
  expect(await remains(world, clients[0], "/lock/x")).toEqual(nothing);
});

test("whoever joins with a priority is granted before those that the holder was told of", async () => {
  const { line, clients } = await start();
  await line.release("a");
  await line.join(clients[1], "first", 1);
  for (const id of ["b", "first", "c", "d"]) await line.release(id);
  expect(line.held).toEqual(["a", "b", "first", "c", "d"]);
});

test("one that gave up is passed over, whatever the holder was told", async () => {
  const { world, line, clients } = await start();
  await line.release("a");
  line.giveUp("c");
  await world.pass(promptMs);
  await line.release("b");
  expect(line.held).toEqual(["a", "b", "d"]);
  await line.release("d");
  expect(await remains(world, clients[0], "/lock/x")).toEqual(nothing);
});

test("a long line is looked at once in many hand-overs", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const line = new Line(world);
  const ids = Array.from({ length: 16 }, (_, k) => `w${k}`);
  for (const [at, id] of ids.entries()) await line.join(clients[at % 3] ?? clients[0], id);
  await world.pass(settledMs);
  let looks = 0;
  world.kernel.network.onSend(({ from, frame }) => {
    if (world.cluster.ids.includes(from)) return;
    const message = decodeClientMessage(frame);
    if (message.type === "read" && message.query.type === "child-nodes") looks += 1;
  });
  for (const id of ids.slice(0, -1)) await line.release(id);
  expect(line.held).toEqual(ids);
  expect(looks).toBeLessThanOrEqual(3);
});

test("whoever is granted soon looks at nothing", async () => {
  const world = await World.start(3);
  const clients = await world.three();
  const line = new Line(world);
  await line.join(clients[0], "a");
  let reads = 0;
  world.kernel.network.onSend(({ from, frame }) => {
    if (from !== clients[1].machine) return;
    if (decodeClientMessage(frame).type === "read") reads += 1;
  });
  await line.join(clients[1], "b");
  await line.release("a");
  expect(line.held).toEqual(["a", "b"]);
  expect(reads).toBe(0);
});

test("whoever came by the same lock as slowly before looks at nothing, and looks soon again once nobody handed over", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const [first, second] = [a.coord.lock("x"), b.coord.lock("x")];
  let reads = 0;
  world.kernel.network.onSend(({ from, frame }) => {
    if (from === b.machine && decodeClientMessage(frame).type === "read") reads += 1;
  });
  /** Waits while somebody else holds for a while; tells what was read until it was granted. */
  const wait = async (ahead: LockHold): Promise<number> => {
    const before = reads;
    const acquiring = second.acquire();
    await world.pass(settledMs);
    await world.until(ahead.release());
    const hold = await world.until(acquiring);
    const looked = reads - before;
    await world.until(hold.release());
    return looked;
  };
  expect(await wait(await world.until(first.acquire()))).toBeGreaterThan(0);
  expect(await wait(await world.until(first.acquire()))).toBe(0);
  // Whoever dies hands over to nobody.
  await world.until(first.acquire());
  world.isolate(a);
  await world.until((await world.until(second.acquire())).release());
  const c = await world.client();
  expect(await wait(await world.until(c.coord.lock("x").acquire()))).toBeGreaterThan(0);
});

test("whoever joins while the last one leaves waits for nobody", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const waits: number[] = [];
  for (let at = 0; at < 40; at += 1) {
    // Granted by somebody, so that it does not know that it is alone.
    const first = await world.until(a.coord.lock("x").acquire());
    const second = b.coord.lock("x").acquire();
    await world.pass(promptMs);
    await world.until(first.release());
    const hold = await world.until(second);
    const releasing = hold.release();
    await world.pass(at / 10);
    const from = world.kernel.nowMs;
    const next = await world.until(c.coord.lock("x").acquire());
    waits.push(world.kernel.nowMs - from);
    await world.until(releasing);
    await world.until(next.release());
  }
  expect(Math.max(...waits)).toBeLessThan(promptMs);
});
