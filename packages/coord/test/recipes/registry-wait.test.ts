import { expect, test } from "vitest";
import { type Client, isPending, noWaits, rejection, World } from "./world.ts";

const path = "/registry/web/x";
const value = JSON.stringify({ address: "1", key: "k" });

/** An id that changes hands every ten seconds. */
async function handOver({ world, holder }: { world: World; holder: Client }): Promise<void> {
  await world.pass(10_000);
  const remove = { type: "delete", path } as const;
  await world.until(holder.session.multi([remove, { type: "create", path, value, ephemeral: true }]));
}

test.each([
  [15_000, {}],
  [5_000, { timeoutMs: 5_000 }],
  [25_000, { timeoutMs: 25_000 }],
])("whoever registers waits %d ms for an id in all, however often it changes hands", async (ms, options) => {
  const world = await World.start();
  const [client, holder] = await world.three();
  await world.until(holder.coord.registry.register({ name: "web", address: "1" }));
  await world.until(holder.session.create(path, value, { ephemeral: true }));
  const begunMs = world.kernel.nowMs;
  const ended = client.coord.registry.register({ name: "web", address: "2", id: "x" }, options).then(
    () => "registered",
    (error: unknown) => ({ error, afterMs: world.kernel.nowMs - begunMs }),
  );
  for (let k = 0; k < 4; k += 1) await handOver({ world, holder });
  expect(await isPending(ended)).toBe(false);
  const refusal = await ended;
  expect(refusal).toMatchObject({ error: { code: "ERR_FLOTILLA_EXISTS" } });
  expect(Math.abs((refusal as { afterMs: number }).afterMs - ms)).toBeLessThan(500);
});

test("whoever joins a group waits 15 s in all for a majority", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 120_000, timeoutMs: 60_000 });
  world.isolate(client);
  const begunMs = world.kernel.nowMs;
  const refusal = await world.until(rejection(client.coord.group("x").join()));
  expect(refusal).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(Math.abs(world.kernel.nowMs - begunMs - 15_000)).toBeLessThan(500);
});

test.each(noWaits)("a wait of %s is refused before anything is changed", async (_what, wait) => {
  const world = await World.start();
  const [a, b] = await world.three();
  const registration = await world.until(a.coord.registry.register({ name: "web", address: "1" }));
  const calls = [
    registration.update({ weight: 5 }, wait),
    registration.drain(wait),
    registration.maintain(wait),
  ];
  for (const refused of await world.until(Promise.all(calls.map(rejection))))
    expect(refused).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await world.pass(1_000);
  expect(registration.signal.aborted).toBe(false);
  const found = await world.until(b.coord.registry.find("web"));
  expect(found).toMatchObject([{ weight: 1, state: "passing" }]);
});
