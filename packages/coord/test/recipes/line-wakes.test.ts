import fc from "fast-check";
import { expect, test } from "vitest";
import type { Held } from "../../src/recipes/api.ts";
import { decodeClientMessage } from "../../src/wire/client-codec.ts";
import { decodeServerMessage } from "../../src/wire/server-codec.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { runsOr } from "./play.ts";
import { collect, World } from "./world.ts";
import type { Client } from "./world.ts";

const inLine = /^\/[^/]+\/x\/line\//;

/** Null for a greeting, which is none. */
function messageIn<T>(decode: (frame: Uint8Array) => T, frame: Uint8Array): T | null {
  try {
    return decode(frame);
  } catch {
    return null;
  }
}

/** What waiters were told of nodes in line, and what they asked. */
class Told {
  readonly #stop: () => void;
  /** Events, each watch by itself. */
  events = 0;
  /** Who looked at the line then. */
  readers = 0;

  /** @param but a machine that does not count */
  constructor({ kernel, cluster }: World, but: string) {
    this.#stop = kernel.network.onSend(({ from, to, protocol, frame }) => {
      if (protocol !== clientProtocol || from === but || to === but) return;
      if (cluster.ids.includes(from)) this.#told(frame);
      else this.#asked(frame);
    });
  }

  stop(): this {
    this.#stop();
    return this;
  }

  #told(frame: Uint8Array): void {
    const message = messageIn(decodeServerMessage, frame);
    if (message?.type !== "events") return;
    this.events += message.events.filter(({ path }) => inLine.test(path)).length;
  }

  /** Whoever looks reads the record once. */
  #asked(frame: Uint8Array): void {
    const message = messageIn(decodeClientMessage, frame);
    if (message?.type !== "read") return;
    const { query } = message;
    if (query.type === "get" && query.path.endsWith("/grant")) this.readers += 1;
  }
}

const kinds = ["election", "lock", "semaphore"] as const;
type Kind = (typeof kinds)[number];

function stand({ coord }: Client, kind: Kind, priority: number, signal: AbortSignal): Promise<Held> {
  if (kind === "election") return coord.election("x", { priority }).campaign({ signal });
  if (kind === "lock") return coord.lock("x", { priority }).acquire({ signal });
  return coord.semaphore("x", { permits: 3, priority }).acquire({ signal, permits: 1 + (priority % 2) });
}

const people = 3;
const least = 18;
/** Whom a change concerns: whose node it is, who is behind it, and who is first. */
const concerned = 3;

const step = fc.record({
  type: fc.constantFrom("join", "release", "release", "give-up", "lose"),
  who: fc.nat(1000),
  thenMs: fc.constantFrom(0, 3, 40),
});
const schedule = fc.record({
  seed: fc.nat(),
  kind: fc.constantFrom(...kinds),
  priorities: fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: least, maxLength: least + 8 }),
  steps: fc.array(step, { minLength: 10, maxLength: 25 }),
});

/** A long line, of which people come and go. */
class LongLine {
  readonly #world: World;
  readonly #kind: Kind;
  readonly #clients: Client[] = [];
  readonly #waiting: AbortController[] = [];
  readonly #held: Held[] = [];
  #open = 0;

  constructor(world: World, kind: Kind) {
    this.#world = world;
    this.#kind = kind;
  }

  /** Waits that have not ended. */
  get open(): number {
    return this.#open;
  }

  async enter(): Promise<void> {
    while (this.#clients.length < people)
      this.#clients.push(await this.#world.client({ sessionTtlMs: 60_000 }));
  }

  join(priority: number, who: number): void {
    const client = this.#clients[who % people];
    if (client === undefined) return;
    const controller = new AbortController();
    this.#waiting.push(controller);
    this.#open += 1;
    stand(client, this.#kind, priority, controller.signal)
      .then(
        (held) => this.#held.push(held),
        () => {},
      )
      .finally(() => {
        this.#open -= 1;
        this.#waiting.splice(this.#waiting.indexOf(controller), 1);
      });
  }

  perform(type: string, who: number): void {
    const client = this.#clients[who % people];
    if (type === "join") this.join(who % 2, who);
    else if (type === "give-up") this.#waiting[who % Math.max(1, this.#waiting.length)]?.abort();
    else if (type === "lose" && client !== undefined) this.#world.reset(client);
    else this.releaseAll(1);
  }

  releaseAll(most: number): void {
    for (const held of this.#held.splice(0, most)) held.release().catch(() => {});
  }
}

test("a long line whoever comes and goes, nobody is woken whom it does not concern, and everybody has a turn", async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, kind, priorities, steps }) => {
      const world = await World.start(1, `line ${seed}`);
      const line = new LongLine(world, kind);
      await line.enter();
      const watcher = await world.client();
      const watch = await world.until(watcher.session.watch("/", { kind: "recursive" }));
      const { items } = collect(watch);
      for (const [at, priority] of priorities.entries()) line.join(priority, at);
      await world.pass(1000);
      const told = new Told(world, watcher.machine);
      const before = items.length;
      for (const { type, who, thenMs } of steps) {
        line.perform(type, who);
        await world.pass(thenMs);
      }
      for (let turn = 0; line.open > 0 && turn < 200; turn += 1) {
        line.releaseAll(Number.POSITIVE_INFINITY);
        await world.pass(50);
      }
      expect(line.open).toBe(0);
      const changes = items
        .slice(before)
        .flatMap((event) => (event.type === "changed" || event.type === "deleted" ? [event] : []))
        .filter(({ path }) => inLine.test(path));
      expect(told.stop().events).toBeLessThanOrEqual(concerned * changes.length);
    }),
    { numRuns: runsOr(8) },
  );
}, 300_000);

test("a long line: a release wakes two of a thousand who wait", async () => {
  const world = await World.start();
  const holder = await world.client({ sessionTtlMs: 120_000 });
  const held = await world.until(holder.coord.lock("x").acquire());
  const clients = [await world.client(), await world.client(), await world.client(), await world.client()];
  const granted: Held[] = [];
  for (let k = 0; k < 1000; k += 1) {
    const client = clients[k % clients.length];
    client?.coord
      .lock("x")
      .acquire()
      .then((each) => granted.push(each))
      .catch(() => {});
  }
  await world.pass(5000);
  const report = await world.until(holder.coord.lock("x").inspect());
  expect(report.waiters).toHaveLength(1000);
  for (const releasing of [held, null, null]) {
    const told = new Told(world, holder.machine);
    await world.until((releasing ?? granted.at(-1))?.release() ?? Promise.resolve());
    await world.pass(500);
    // Who was granted knows by its own node, also who is next, and who is behind goes on waiting.
    const { readers, events } = told.stop();
    expect(readers).toBe(0);
    expect(events).toBeLessThanOrEqual(4);
  }
  expect(granted).toHaveLength(3);
}, 300_000);

test("who wants a lock alone takes it and gives it back without a look at the line", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  await world.until(coord.lock("x").run(() => {}));
  const told = new Told(world, "nobody");
  const held = await world.until(coord.lock("x").acquire());
  await world.pass(100);
  await world.until(held.release());
  expect(told.stop().readers).toBe(0);
});

test("whoever gives up waiting leaves without a look at the line", async () => {
  const world = await World.start();
  const [holder, waiter] = await world.three();
  await world.until(holder.coord.lock("x").acquire());
  const stop = new AbortController();
  const { signal } = stop;
  const waits = Array.from({ length: 50 }, () => waiter.coord.lock("x").acquire({ signal }));
  const given = Promise.allSettled(waits);
  await world.pass(2_000);
  const told = new Told(world, holder.machine);
  stop.abort();
  expect((await given).every(({ status }) => status === "rejected")).toBe(true);
  await world.pass(1_000);
  expect(told.stop().readers).toBe(0);
  expect((await world.until(holder.coord.lock("x").inspect())).waiters).toEqual([]);
});
