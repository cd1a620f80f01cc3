import { expect, test } from "vitest";
import { textCodec } from "../../src/client/index.ts";
import { type Client, World } from "./world.ts";

const never = (): Promise<void> => new Promise(() => {});

const wants: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  "a lock": ({ coord }) => coord.lock("x").acquire(),
  "a lock at once": ({ coord }) => coord.lock("x").tryAcquire(),
  "a reentrant lock": ({ coord }) => coord.lock("x", { reentrant: true }).acquire(),
  "several locks": ({ coord }) => coord.lockSet([coord.lock("x"), coord.lock("y")]).acquire(),
  permits: ({ coord }) => coord.semaphore("x", { permits: 3 }).acquire(),
  "an election": ({ coord }) => coord.election("x").run(never),
  "a team": ({ coord }) => coord.team("x", { address: "a" }).run({ lead: never }),
  shards: ({ coord }) => coord.shards("x", { count: 3 }).run(never),
  "a job": ({ coord }) => coord.cron("x", { schedule: "* * * * * *" }).run(() => {}),
  "an item": ({ coord }) => coord.queue("x", { codec: textCodec() }).take(),
  "a consumer": ({ coord }) => coord.queue("x", { codec: textCodec() }).consume(() => {}),
  "a barrier": ({ coord }) => coord.doubleBarrier("x", { parties: 1 }).enter(),
  "a member": ({ coord }) => coord.group("x").join(),
};

test.each(Object.entries(wants))(
  "whoever wants %s with a session that is about to end asks for it a few times at most",
  async (_what, want) => {
    const world = await World.start();
    const [client, operator] = [await world.client({ sessionTtlMs: 60_000 }), await world.client()];
    await world.until(operator.session.doom(client.session.leaseId));
    while (!client.session.lease.signal.aborted) await world.pass(1_000);
    want(client).catch(() => {});
    await world.pass(500);
    const before = await world.until(operator.session.status());
    await world.pass(2_000);
    const after = await world.until(operator.session.status());
    expect(client.session.state).not.toBe("lost");
    expect(after.applied - before.applied).toBeLessThan(100);
  },
);

test("ticks are left to others by whoever would lose them", async () => {
  const world = await World.start();
  const [client, operator] = [await world.client({ sessionTtlMs: 60_000 }), await world.client()];
  const run = ({ coord }: Client): Promise<void> =>
    coord
      .cron("x", { schedule: "* * * * * *" })
      .run(() => new Promise((resolve) => void world.kernel.after(10, resolve)));
  run(client).catch(() => {});
  await world.until(operator.session.doom(client.session.leaseId));
  await world.pass(5_000);
  void run(operator);
  while (!client.session.lease.signal.aborted) await world.pass(100);
  await world.pass(10_000);
  expect(client.session.state).not.toBe("lost");
  const history = await world.until(
    operator.coord.cron("x", { schedule: "* * * * * *" }).history({ limit: 8 }),
  );
  expect(history.filter(({ state }) => state === "lost")).toEqual([]);
  expect(new Set(history.map(({ by }) => by))).toEqual(new Set([operator.session.id]));
});
