import type { Node } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { Client } from "../recipes/world.ts";
import { World } from "../recipes/world.ts";

const large = new Uint8Array(1_000_000).fill(7);

function isLarge(node: Node | null): boolean {
  return node !== null && Buffer.compare(node.value, large) === 0;
}

/** Lets so much through from the members to a client. */
function throttle(world: World, client: Client, bytesPerMs: number): void {
  for (const id of world.cluster.ids) world.kernel.network.link(id, client.machine).bytesPerMs = bytesPerMs;
}

test("a value that takes longer than the patience with a silent server comes in over the first connection", async () => {
  const world = await World.start(3);
  const [client, writer] = await world.three();
  await world.until(writer.session.create("/large", large));
  // 0.9 s; a server is given up after 0.4 s of silence.
  throttle(world, client, 1_100);
  const node = await world.until(client.session.get("/large", { timeoutMs: 5_000 }));
  expect(isLarge(node)).toBe(true);
});

test("a server is given up for another in the midst of a message that stops, or takes longer than the session lives", async () => {
  const world = await World.start(3);
  const [client, writer] = await world.three();
  await world.until(writer.session.create("/large", large));
  for (const [bytesPerMs, stops] of [
    [1_100, true],
    [100, false],
  ] as const) {
    await world.until(client.session.get("/large"));
    const { server } = client.session;
    const to = server ?? "";
    world.kernel.network.link(to, client.machine).bytesPerMs = bytesPerMs;
    const read = client.session.get("/large", { timeoutMs: 10_000 });
    await world.pass(300);
    expect(client.session.server).toBe(server);
    if (stops) world.kernel.network.cutBoth(to, client.machine);
    expect(isLarge(await world.until(read))).toBe(true);
    expect(client.session.server).not.toBe(server);
    world.kernel.network.healAll();
  }
});

test("a write that takes longer than the patience with a silent server goes out at last, and no other waits for ever behind it", async () => {
  const world = await World.start(3);
  const client = await world.client({ sessionTtlMs: 10_000 });
  for (const id of world.cluster.ids) world.kernel.network.link(client.machine, id).bytesPerMs = 150;
  const made = client.session.create("/large", large, { timeoutMs: 60_000 });
  const behind = client.session.create("/small", "", { timeoutMs: 60_000 });
  await world.until(made);
  await world.until(behind);
  expect((await world.until(client.session.get("/large")))?.stat.version).toBe(0);
  // Whoever falls silent once the link is a fast one is left as soon as ever.
  world.kernel.network.healAll();
  const { server } = client.session;
  world.kernel.network.cutBoth(client.machine, server ?? "");
  const read = client.session.get("/small");
  await world.pass(4_000);
  expect(client.session.server).not.toBe(server);
  expect(await world.until(read)).not.toBeNull();
});
