import { expect, test } from "vitest";
import type { Health } from "../../src/recipes/registry/api.ts";
import { allStates, Checked, Program } from "./checked.ts";
import { collect, rejection, World } from "./world.ts";

test("one in maintenance is not taken out however long it is critical, and the time begins anew when that is over", async () => {
  const checked = await Checked.start({ ttlMs: 300, removeAfterMs: 500 });
  const { registration, world } = checked;
  registration.report("passing");
  await world.until(registration.maintain());
  expect(await checked.after(1_500)).toBe("maintenance");
  expect(registration.isListed).toBe(true);
  await world.until(registration.resume());
  expect(await checked.after(400)).toBe("critical");
  expect(await checked.after(200)).toBe(null);
  expect(registration.isListed).toBe(false);
  expect(registration.signal.aborted).toBe(false);
  await world.until(registration.update({ weight: 3 }));
  expect(await checked.seen()).toBe(null);
  await world.until(registration.maintain());
  expect(await checked.seen()).toBe("maintenance");
  expect(registration.instance).toMatchObject({ state: "maintenance", weight: 3 });
  registration.report("passing");
  await world.until(registration.resume());
  expect(await checked.seen()).toBe("passing");
  await world.until(registration.deregister());
  expect(registration.isListed).toBe(false);
});

test("one that is taken out is not put back to drain when it leaves", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const check = { ttlMs: 300, removeAfterMs: 300 };
  const service = { name: "web", address: "1", id: "x", check, drainMs: 2_000 };
  const registration = await world.until(a.coord.registry.register(service));
  const { items } = collect(b.coord.registry.watch("web", { states: allStates }));
  await world.pass(1_000);
  expect(registration.isListed).toBe(false);
  const before = world.kernel.nowMs;
  await world.until(registration.deregister());
  expect(world.kernel.nowMs - before).toBeLessThan(1_000);
  await world.pass(100);
  expect(items.map(({ instances }) => instances[0]?.state)).toEqual(["critical", undefined]);
});

test("a draining one is not taken out for being critical before its time to drain is over", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const check = { ttlMs: 300, removeAfterMs: 500 };
  const service = { name: "web", address: "1", check, drainMs: 3_000 };
  const registration = await world.until(a.coord.registry.register(service));
  void registration.deregister();
  await world.pass(2_500);
  const found = await world.until(b.coord.registry.find("web", { states: ["draining"] }));
  expect(found).toHaveLength(1);
});

test("why a check fails is told: by the registration, and to whoever listens to what becomes of it", async () => {
  const told: unknown[] = [];
  const publish = (channel: string, message: unknown): void => {
    if (channel === "health") told.push(message);
  };
  const program = new Program();
  const world = await World.start();
  const { coord, session } = await world.client({}, { prober: program, publish });
  const check = { http: "/healthz", intervalMs: 100, rise: 1, fall: 2, timeoutMs: 50 };
  const service = { name: "web", id: "w", address: "10.0.0.1", port: 80, check };
  const registration = await world.until(coord.registry.register(service));
  await world.pass(50);
  expect(registration.failure).toBe(null);
  program.status = 503;
  await world.pass(100);
  const failed = {
    code: "ERR_FLOTILLA_CONDITION",
    message: "http://10.0.0.1:80/healthz answered with status 503",
  };
  expect(registration.failure).toMatchObject(failed);
  await world.pass(100);
  program.hangs = true;
  await world.pass(200);
  expect(registration.failure).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  program.hangs = false;
  program.status = 200;
  await world.pass(200);
  expect(registration.failure).toBe(null);
  const common = { session: session.id, path: "/registry/web/w" };
  expect(told).toEqual([
    { ...common, health: "passing", error: null },
    { ...common, health: "critical", error: expect.objectContaining(failed) },
    { ...common, health: "passing", error: null },
  ]);
});

test("whoever reported nothing in time is told so", async () => {
  const checked = await Checked.start({ ttlMs: 500 });
  checked.registration.report("critical");
  expect(checked.registration.failure).toBe(null);
  await checked.world.pass(600);
  expect(checked.registration.failure).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  checked.registration.report("passing");
  expect(checked.registration.failure).toBe(null);
});

test("a check under way ends with its registration, and nothing of it is left to wait for", async () => {
  for (const end of ["deregister", "close", "session"] as const) {
    const world = await World.start();
    const { coord, session, machine } = await world.client();
    const asked: AbortSignal[] = [];
    const run = (signal: AbortSignal): Promise<void> => {
      asked.push(signal);
      return new Promise(() => {});
    };
    const service = { name: "web", address: "1", check: { run, timeoutMs: 60_000 } };
    const registration = await world.until(coord.registry.register(service));
    expect(asked.map(({ aborted }) => aborted)).toEqual([false]);
    if (end === "deregister") await world.until(registration.deregister());
    else await world.until(end === "close" ? coord.close() : session.close());
    expect(
      asked.map(({ aborted }) => aborted),
      `${end} at ${machine}`,
    ).toEqual([true]);
    await world.pass(120_000);
    expect(asked).toHaveLength(1);
  }
});

test("what is no health is not reported, and what is none in the tree is not picked", async () => {
  const checked = await Checked.start(undefined);
  const { registration, world, observer } = checked;
  const wrong: Health = JSON.parse('"unhealthy"');
  expect(() => registration.report(wrong)).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
  );
  expect(await checked.after(100)).toBe("passing");
  await world.until(observer.session.create("/registry/web/z", '{"address":"z","state":"splendid"}'));
  const found = await world.until(observer.coord.registry.find("web", { states: allStates }));
  expect(found.map(({ state }) => state)).toEqual(["passing", "critical"]);
});

test("a question that does not heed its signal is asked again only when it has ended, and counts as failed meanwhile", async () => {
  const ends: (() => void)[] = [];
  let hangs = true;
  const run = (): Promise<void> | void => (hangs ? new Promise((resolve) => ends.push(resolve)) : undefined);
  const check = { run, intervalMs: 1_000, timeoutMs: 500, rise: 1, fall: 3 };
  const checked = await Checked.start(check);
  const { registration, world } = checked;
  await world.pass(100);
  ends[0]?.();
  expect(await checked.after(100)).toBe("passing");
  expect(await checked.after(3_000)).toBe("passing");
  expect(ends).toHaveLength(2);
  // One that took too long, and two intervals in which nothing could be asked.
  expect(await checked.after(1_000)).toBe("critical");
  expect(registration.failure).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(600_000);
  expect(ends).toHaveLength(2);
  hangs = false;
  expect(await checked.after(5_000)).toBe("critical");
  ends[1]?.();
  expect(await checked.after(1_100)).toBe("passing");
  expect(registration.failure).toBe(null);
});

test("what changes nothing that is seen is not written: health in maintenance", async () => {
  const checked = await Checked.start({ ttlMs: 60_000 });
  const { registration, world } = checked;
  await world.until(registration.maintain());
  const { revision } = registration.instance;
  for (const health of ["warning", "critical", "passing"] as const) {
    registration.report(health);
    expect(await checked.after(200)).toBe("maintenance");
  }
  expect(registration.instance.revision).toBe(revision);
  await world.until(registration.resume());
  expect(await checked.seen()).toBe("passing");
});

const filled = (by: number): { meta: { k: string } } => ({ meta: { k: "y".repeat(by) } });

test("what is taken in fits in every state that it may come to", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const bare = { name: "web", id: "x", address: "1" };
  const registration = await world.until(coord.registry.register(bare));
  const node = await world.until(session.get("/registry/web/x"));
  const room = 1_048_576 - (node?.value.length ?? 0) - '"k":""'.length;
  const extra = "maintenance".length - "passing".length;
  const tooLarge = { code: "ERR_FLOTILLA_TOO_LARGE" };
  expect(await rejection(registration.update(filled(room - extra + 1)))).toMatchObject(tooLarge);
  await world.until(registration.update(filled(room - extra)));
  await world.until(registration.maintain());
  expect(registration.signal.aborted).toBe(false);
  const again = { ...bare, id: "y" };
  const over = rejection(coord.registry.register({ ...again, ...filled(room - extra + 1) }));
  expect(await world.until(over)).toMatchObject(tooLarge);
  const other = await world.until(coord.registry.register({ ...again, ...filled(room - extra) }));
  await world.until(other.maintain());
  expect(other.signal.aborted).toBe(false);
});

test("a kind of check that is there as undefined is left out", async () => {
  const program = new Program();
  const http = await Checked.start({ http: "/healthz", ttlMs: undefined }, program);
  expect(await http.after(100)).toBe("passing");
  const tcp = await Checked.start({ http: undefined, tcp: "10.0.0.1:80" }, program);
  expect(await tcp.after(100)).toBe("passing");
  const run = await Checked.start({ tcp: undefined, run: () => "warning" });
  expect(await run.after(100)).toBe("warning");
  const told = await Checked.start({ run: undefined, ttlMs: 300 });
  told.registration.report("passing");
  expect(await told.after(100)).toBe("passing");
  expect(program.asked).toEqual(["http://10.0.0.1:80/healthz", "10.0.0.1:80"]);
});

test("an instance of a class may be a check", async () => {
  class Pool {
    state: Health = "passing";
    timeoutMs = 100;

    run(): Health {
      return this.state;
    }
  }
  const pool = new Pool();
  const checked = await Checked.start(pool);
  expect(await checked.after(100)).toBe("passing");
  pool.state = "warning";
  expect(await checked.after(5_000)).toBe("warning");
});
