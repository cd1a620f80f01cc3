import { expect, test } from "vitest";
import { World } from "./world.ts";

test("what a leader that died had taken is dropped when a snapshot of the next one replaces the log", async () => {
  const options = { snapshotEntries: 5, trailingEntries: 0, trailingBytes: 0 };
  const world = new World(3, ["a", "b", "c"], options);
  await world.startAll();
  const old = await world.untilLeader();
  await world.runFor(500);
  const { id } = old.node;
  const [asker = "", third = ""] = ["a", "b", "c"].filter((each) => each !== id);
  const follower = world.running.get(asker);
  const { network } = world.kernel;
  for (let k = 0; k < 3; k += 1) await world.kernel.until(world.propose(old, "1"));
  await world.runFor(500);
  // The leader says where ten proposals are and loses them.
  network.cutBoth(id, third);
  for (const each of [id, asker]) world.kernel.node(each).disk.stick();
  const outcomes: string[] = [];
  const asked = Array.from({ length: 10 }, async () =>
    follower?.node.propose(new TextEncoder().encode("1")).then(
      () => outcomes.push("applied"),
      (error: unknown) => outcomes.push(String(Object(error).code)),
    ),
  );
  await world.runFor(50);
  network.isolate(asker);
  world.crash(id, true);
  world.kernel.node(id).disk.unstick();
  network.healBoth(id, third);
  await world.start(id);
  await world.runFor(3000);
  // The next one's log is shorter, and gone up to a snapshot.
  const next = await world.untilLeader();
  for (let k = 0; k < 4; k += 1) await world.kernel.until(world.propose(next, "1"));
  await world.runFor(500);
  world.kernel.node(asker).disk.unstick();
  network.healAll();
  await world.runFor(10_000);
  expect(follower?.node.status().waiting.proposals).toBe(0);
  await Promise.all(asked);
  expect(new Set(outcomes)).toEqual(new Set(["ERR_FLOTILLA_DROPPED", "ERR_FLOTILLA_UNKNOWN_OUTCOME"]));
});
