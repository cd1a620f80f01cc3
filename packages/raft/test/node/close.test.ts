import type { Host } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { RaftNode } from "../../src/index.ts";
import type { RaftOptions } from "../../src/index.ts";
import { Counter } from "./counter.ts";
import { lagging } from "./lagging.ts";
import { World } from "./world.ts";

/** What is dialed from there, in order. */
function dialsOf({ network }: Host): string[] {
  const dialed: string[] = [];
  const dial = network.dial.bind(network);
  network.dial = (address, options) => {
    dialed.push(address);
    return dial(address, options);
  };
  return dialed;
}

function fail(): never {
  throw new Error("mine");
}

test.each<[string, Partial<RaftOptions>]>([
  ["once it dials", { onApplied: fail }],
  ["before it dials", { observer: { onRecovered: fail } }],
])("an open that fails leaves nothing running and lets go of the disk: %s", async (_, options) => {
  const world = new World(1, ["a", "b", "c"]);
  const machine = world.kernel.node("a");
  const host = machine.start();
  const dialed = dialsOf(host);
  const open = async (more: Partial<RaftOptions>): Promise<RaftNode> =>
    RaftNode.open({ host, id: "a", cluster: "test", stateMachine: new Counter(), ...world.birth, ...more });
  await expect(world.kernel.until(open(options))).rejects.toThrow("mine");
  const before = dialed.length;
  await world.runFor(10_000);
  expect([dialed.length, machine.timers]).toEqual([before, 0]);
  const node = await world.kernel.until(open({}));
  await world.kernel.until(node.close());
});

test("an open whose state cannot be put in place lets go of the disk", async () => {
  const world = new World(1, ["a"], { snapshotEntries: 5 });
  await world.start("a");
  const leader = await world.untilLeader();
  for (let k = 0; k < 12; k += 1) await world.kernel.until(world.propose(leader, "1"));
  await world.runFor(1000);
  world.crash("a", false);
  const machine = world.kernel.node("a");
  const host = machine.start();
  const counter = new Counter();
  const beginRestore = counter.beginRestore.bind(counter);
  counter.beginRestore = () => ({ ...beginRestore(), replace: fail });
  const open = async (stateMachine: Counter): Promise<RaftNode> =>
    RaftNode.open({ host, id: "a", cluster: "test", stateMachine });
  await expect(world.kernel.until(open(counter))).rejects.toThrow("mine");
  await world.runFor(10_000);
  expect(machine.timers).toBe(0);
  const node = await world.kernel.until(open(new Counter()));
  await world.kernel.until(node.close());
});

test("a node that is closed while it installs a snapshot begins no write any more", async () => {
  const { world, away } = await lagging(1);
  let isClosing = false;
  let appends = 0;
  const onApplied = (index: number): void => {
    const node = world.running.get(away)?.node;
    if (index < 100 || node === undefined) return;
    isClosing = true;
    void node.close();
  };
  const onAppend = (): void => {
    if (isClosing) appends += 1;
  };
  await world.start(away, new Counter(), { onApplied, observer: { onAppend } });
  const node = world.running.get(away)?.node;
  await world.kernel.run({ untilMs: world.kernel.nowMs + 60_000, until: () => isClosing });
  expect(isClosing).toBe(true);
  expect(await world.kernel.until(node?.closed ?? Promise.resolve(null))).toEqual({ type: "closed" });
  expect(appends).toBe(0);
  world.crash(away, false);
  await world.start(away);
  await world.runFor(3000);
  expect(world.running.get(away)?.stopped).toBeNull();
});
