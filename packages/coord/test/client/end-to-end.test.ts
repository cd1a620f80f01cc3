import { FlotillaError } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { Session, WatchEvent } from "../../src/client/api.ts";
import { connect, nodeStatus, text } from "../../src/client/index.ts";
import type { Coord, CoordNode } from "../../src/server/api.ts";
import { startNode } from "../../src/server/index.ts";
import { counting } from "./counting-clock.ts";

const ids = ["n1", "n2", "n3"] as const;

/** Three members and one machine for thin clients, on virtual time. */
class World {
  readonly kernel: Kernel;
  readonly members = new Map<string, CoordNode>();
  #clients = 0;

  constructor(seed: string) {
    this.kernel = new Kernel({ seed });
  }

  async start(id: string): Promise<CoordNode> {
    const member = await this.kernel.until(
      startNode({
        host: this.kernel.node(id).start(),
        id,
        dataDir: "data",
        listen: `${id}:7000`,
        secret: "s3cret",
        bootstrap: ids.map((each) => ({ id: each, address: `${each}:7000` })),
      }),
    );
    this.members.set(id, member);
    return member;
  }

  async startAll(): Promise<void> {
    for (const id of ids) await this.start(id);
  }

  async client(sessionTtlMs = 2_000): Promise<Coord> {
    this.#clients += 1;
    const host = this.kernel.node(`client${this.#clients}`).start();
    const endpoints = ids.map((id) => `${id}:7000`);
    return this.kernel.until(
      connect({ host, endpoints, secret: "s3cret", sessionTtlMs, connectTimeoutMs: 30_000 }),
    );
  }

  async pass(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  crash(id: string): void {
    this.kernel.node(id).crash();
    this.members.delete(id);
  }

  get leader(): string {
    for (const [id, member] of this.members) if (member.status().role === "leader") return id;
    throw new Error("nobody leads");
  }
}

async function collect(session: Session, path: string): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  const watch = await session.watch(path, { kind: "recursive" });
  const run = async (): Promise<void> => {
    for await (const event of watch) events.push(event);
  };
  run().catch(() => {});
  return events;
}

test("a thin client writes, reads and watches", async () => {
  const world = new World("plain");
  await world.startAll();
  const { session } = await world.client();
  const { kernel } = world;
  const events = await kernel.until(collect(session, "/a"));
  await kernel.until(session.create("/a", "1"));
  const written = await kernel.until(session.set("/a", "2", { version: 0 }));
  expect(written.stat.version).toBe(1);
  const node = await kernel.until(session.get("/a"));
  expect(node === null ? null : text(node)).toBe("2");
  expect(await kernel.until(session.children("/"))).toMatchObject({ names: ["a"], next: null });
  expect(await kernel.until(session.exists("/b"))).toBe(null);
  const failed = await kernel.until(session.set("/a", "3", { version: 0 }).catch((error: unknown) => error));
  expect(failed).toMatchObject({ code: "ERR_FLOTILLA_BAD_VERSION" });
  expect(await kernel.until(session.delete("/a"))).toBe(true);
  expect(await kernel.until(session.delete("/a"))).toBe(false);
  await world.pass(100);
  expect(events.map(({ type }) => type)).toEqual(["created", "changed", "deleted"]);
  expect(await kernel.until(session.status())).toMatchObject({ cluster: "flotilla", id: session.server });
});

test("neither a closed session nor a question to one server leaves a timer behind", async () => {
  const world = new World("timers");
  await world.startAll();
  const host = world.kernel.node("counted").start();
  const { clock, pending } = counting(host.clock);
  const options = {
    host: { ...host, clock },
    endpoints: ids.map((id) => `${id}:7000`),
    secret: "s3cret",
    connectTimeoutMs: 30_000,
  };
  await world.kernel.until(nodeStatus(options));
  expect(pending()).toBe(0);
  const { session } = await world.kernel.until(connect(options));
  await world.kernel.until(session.put("/a", ""));
  await world.kernel.until(session.get("/a", { timeoutMs: 1_234 }));
  await world.kernel.until(session.close());
  expect(pending()).toBe(0);
});

test("an embedded session sees what a thin client wrote, through the same class", async () => {
  const world = new World("embedded");
  await world.startAll();
  const { session } = await world.client();
  const own = world.members.get("n2")?.session;
  if (own === undefined) throw new Error("no member");
  await world.kernel.until(session.put("/a", "x"));
  await world.kernel.until(own.put("/b", "y", { timeoutMs: 30_000 }));
  const node = await world.kernel.until(own.get("/a"));
  expect(node === null ? null : text(node)).toBe("x");
  expect(own.server).toBe("n2");
  expect(await world.kernel.until(session.get("/b"))).not.toBe(null);
});

test("ephemeral nodes go at once with a close, and after the TTL with a client that died", async () => {
  const world = new World("ephemeral");
  await world.startAll();
  const observer = await world.client();
  const closing = await world.client();
  const dying = await world.client();
  await world.kernel.until(closing.session.create("/closing", "", { ephemeral: true }));
  await world.kernel.until(dying.session.create("/dying", "", { ephemeral: true }));
  await world.kernel.until(closing.close());
  expect(await world.kernel.until(observer.session.exists("/closing"))).toBe(null);
  const diedAt = world.kernel.nowMs;
  world.kernel.node("client3").crash();
  await world.pass(1_500);
  expect(await world.kernel.until(observer.session.exists("/dying"))).not.toBe(null);
  await world.pass(2_000);
  expect(await world.kernel.until(observer.session.exists("/dying"))).toBe(null);
  expect(world.kernel.nowMs - diedAt).toBeLessThan(5_000);
});

test("a session outlives its server and the leader: every write once, every change told once, in order", async () => {
  const world = new World("fail-over");
  await world.startAll();
  const { session } = await world.client();
  const other = await world.client();
  const { kernel } = world;
  await kernel.until(session.create("/a"));
  await kernel.until(other.session.sync());
  const events = await kernel.until(collect(other.session, "/a"));
  const results: Promise<number>[] = [];
  const write = (n: number): void => {
    results.push(
      session.create(`/a/${n}`, String(n), { timeoutMs: 60_000 }).then(({ revision }) => revision),
    );
  };
  let next = 0;
  for (let round = 0; round < 4; round += 1) {
    for (let i = 0; i < 20; i += 1) write((next += 1));
    await world.pass(3);
    const victim = round % 2 === 0 ? world.leader : (session.server ?? world.leader);
    world.crash(victim);
    for (let i = 0; i < 20; i += 1) write((next += 1));
    await world.pass(2_500);
    await world.start(victim);
    await world.pass(3_000);
  }
  const revisions = await kernel.until(Promise.all(results));
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  expect(new Set(revisions).size).toBe(next);
  await world.pass(1_000);
  expect(events.map((event) => ("path" in event ? event.path : event.type))).toEqual(
    Array.from({ length: next }, (_, i) => `/a/${i + 1}`),
  );
  expect(session.state).toBe("connected");
});

async function toldGone(observer: Session, path: string): Promise<void> {
  const watch = await observer.watch(path);
  for await (const event of watch) if (event.type === "deleted") return;
}

test("a client cut off from everybody is told by its own clock before its ephemeral is gone", async () => {
  const world = new World("cut off");
  await world.startAll();
  const observer = await world.client();
  const { session } = await world.client();
  const { lease } = session;
  await world.kernel.until(session.create("/held", "", { ephemeral: true }));
  let firedAt = Number.POSITIVE_INFINITY;
  lease.signal.addEventListener("abort", () => {
    firedAt = world.kernel.nowMs;
  });
  const gone = toldGone(observer.session, "/held");
  await world.pass(1_000);
  world.kernel.network.isolate("client2");
  await world.kernel.until(gone);
  expect(firedAt).toBeLessThan(world.kernel.nowMs);
  world.kernel.network.healAll();
  await world.pass(5_000);
  expect(session.state).toBe("lost");
});

test("a client that was stopped finds its lease lapsed before any of its timers ran", async () => {
  const world = new World("stopped");
  await world.startAll();
  const observer = await world.client();
  const { session } = await world.client();
  const { lease } = session;
  await world.kernel.until(session.create("/held", "", { ephemeral: true }));
  const gone = toldGone(observer.session, "/held");
  await world.pass(1_000);
  world.kernel.node("client2").pause();
  await world.kernel.until(gone);
  expect(lease.signal.aborted).toBe(false);
  expect(() => lease.assert()).toThrow(FlotillaError);
  world.kernel.node("client2").resume();
  await world.pass(5_000);
  expect(session.state).toBe("lost");
});

test("a client leaves a server that is cut off from the majority before its lease lapses", async () => {
  for (const seed of ["minority 1", "minority 2", "minority 3"]) {
    const world = new World(seed);
    await world.startAll();
    const { session } = await world.client(10_000);
    const { lease } = session;
    const first = session.server ?? "";
    for (const id of ids) if (id !== first) world.kernel.network.cutBoth(first, id);
    await world.pass(20_000);
    expect(session.server).not.toBe(first);
    expect(lease.signal.aborted).toBe(false);
    await world.kernel.until(session.put("/a", ""));
  }
});

test("a connection that swallows everything is left for another", async () => {
  const world = new World("half open");
  await world.startAll();
  const { session } = await world.client(10_000);
  const first = session.server ?? "";
  world.kernel.network.halfOpen("client1", first);
  world.kernel.network.halfOpen(first, "client1");
  const write = session.put("/a", "");
  await world.kernel.until(write, 4_000);
  expect(session.server).not.toBe(null);
});

test("writes wait while the majority is gone, and go through when it is back", async () => {
  const world = new World("majority");
  await world.startAll();
  const { session } = await world.client();
  await world.kernel.until(session.create("/a"));
  world.crash("n1");
  world.crash("n2");
  await world.pass(100);
  const write = session.put("/a", "late", { timeoutMs: 60_000 });
  const bounded = session.put("/b", "never", { timeoutMs: 1_000 }).catch((error: unknown) => error);
  expect(await world.kernel.until(bounded)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(session.state).toBe("suspended");
  await world.start("n1");
  await world.kernel.until(write);
  await world.pass(2_000);
  expect(session.state).toBe("connected");
});
