import { expect, test } from "vitest";
import { leaseTtlMs } from "./lease-client.ts";
import { LeaseWorld } from "./lease-world.ts";

/** How many; the environment may ask for more. */
const schedules = Math.max(100, Number(process.env["FLOTILLA_SCHEDULES"] ?? 0));
const steps = 60;

/** One thing that goes wrong, or right again. */
function disturb(world: LeaseWorld): void {
  const { kernel, members, clients } = world;
  const member = members[world.below(members.length)] ?? world.member("a");
  const client = clients[world.below(clients.length)];
  const node = kernel.node(member.id);
  const doing: readonly (() => void)[] = [
    () => world.depose(),
    () => world.cut(member),
    () => world.heal(),
    () => node.stall(world.below(1500)),
    () => kernel.node(world.leader?.id ?? "a").stall(world.below(1500)),
    () => node.clock.jumpWall(world.below(6000) - 3000),
    () => client?.move(member),
    // Mostly about as long as a leader waits.
    () => client?.hush(world.below(2 * leaseTtlMs)),
    () => client?.hush(leaseTtlMs - 100 + world.below(200)),
    () => client?.hush(leaseTtlMs + world.below(200)),
    () => {
      if (world.below(4) === 0) client?.doom();
    },
  ];
  doing[world.below(doing.length)]?.();
}

/** What schedules have seen. */
interface Seen {
  vouched: number;
  ended: number;
}

async function play(seed: number, seen: Seen): Promise<void> {
  const world = new LeaseWorld(seed);
  world.heal();
  for (let step = 0; step < steps; step += 1) {
    for (const client of world.clients) client.open();
    await world.pass(world.below(3) === 0 ? world.below(leaseTtlMs) : world.below(120));
    disturb(world);
  }
  // Whoever is left in peace keeps what it has.
  world.loss = 0;
  for (const client of world.clients) client.hush(0);
  world.heal();
  await world.pass(4 * leaseTtlMs);
  for (const client of world.clients) client.open();
  await world.pass(leaseTtlMs);
  const kept = world.clients.map(({ lease }) => lease);
  await world.pass(3 * leaseTtlMs);
  expect(world.clients.map(({ lease, believes }) => [lease, believes])).toEqual(
    kept.map((lease) => [lease, true]),
  );
  expect(kept.filter((lease) => world.ended.has(lease))).toEqual([]);
  for (const { vouched } of world.clients) seen.vouched += vouched;
  // Whoever is gone loses it, soon.
  for (const client of world.clients) client.hush(Number.POSITIVE_INFINITY);
  await world.pass(2 * leaseTtlMs);
  expect(kept.filter((lease) => !world.ended.has(lease))).toEqual([]);
  seen.ended += world.ended.size;
}

test("no lease ends while its client may believe in it, whoever leads and whatever comes late", async () => {
  const seen: Seen = { vouched: 0, ended: 0 };
  for (let seed = 1; seed <= schedules; seed += 1) {
    try {
      await play(seed, seen);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(seen.vouched).toBeGreaterThan(schedules * 30);
  expect(seen.ended).toBeGreaterThan(schedules * 4);
});
