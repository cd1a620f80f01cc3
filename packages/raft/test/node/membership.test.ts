import { expect, test } from "vitest";
import type { MemberChange } from "../../src/index.ts";
import { membersOf } from "../../src/index.ts";
import { type Process, World } from "./world.ts";

const options = { heartbeatMs: 20, electionTimeoutMs: 200, trailingEntries: 5, snapshotEntries: 20 };

function get(world: World, id: string): Process {
  const process = world.running.get(id);
  if (process === undefined) throw new Error(`${id} is down`);
  return process;
}

function addition(world: World, id: string, promote: boolean): MemberChange {
  return { type: "add", id, address: `${id}:1`, incarnation: get(world, id).node.incarnation, promote };
}

/** A learner that nobody started. */
function learner(id: string, digit: string): MemberChange {
  return { type: "add", id, address: `${id}:1`, incarnation: digit.repeat(32), promote: false };
}

function roles({ node }: Process): string {
  return membersOf(node.status().configuration)
    .map(({ id, role }) => `${id}:${role}`)
    .join(" ");
}

async function change(world: World, ...changes: readonly MemberChange[]): Promise<void> {
  const { node } = await world.untilLeader();
  await world.kernel.until(node.changeMembers(changes));
}

async function started(seed: number, ids: readonly string[]): Promise<World> {
  const world = new World(seed, ids, options);
  await world.startAll();
  await world.untilLeader();
  return world;
}

async function write(world: World, count: number): Promise<void> {
  for (let k = 0; k < count; k += 1) {
    const leader = await world.untilLeader();
    await world.kernel.until(world.propose(leader, String(k)));
  }
}

test.each(["a", "z"])("joiner %s, which knows nobody, is reached, catches up and is promoted", async (id) => {
  const world = await started(1, ["k", "l", "m"]);
  await write(world, 60);
  await world.join(id);
  await world.runFor(1000);
  expect(get(world, id).node.status()).toMatchObject({ role: "follower", leader: null, term: 0 });
  await change(world, addition(world, id, true));
  await world.runFor(2000);
  expect(roles(get(world, id)).split(" ").toSorted()).toEqual(
    [id, "k", "l", "m"].toSorted().map((each) => `${each}:voter`),
  );
  const leader = await world.untilLeader();
  expect(get(world, id).counter.total).toBe(leader.counter.total);
  const status = leader.node.status();
  expect(status.peers.find((peer) => peer.id === id)).toMatchObject({
    role: "voter",
    connected: true,
    lag: 0,
  });
});

test("links stay as they are when roles change", async () => {
  const world = await started(2, ["k", "l", "m"]);
  await world.join("a");
  await change(world, addition(world, "a", true));
  await world.runFor(2000);
  const down: string[] = [];
  for (const [id, { node }] of world.running) {
    for (const { id: peer, connected } of node.status().peers) if (!connected) down.push(`${id}-${peer}`);
  }
  expect(down).toEqual([]);
});

test("a removed member learns it and stops, and is told again when it comes back", async () => {
  const world = await started(3, ["k", "l", "m"]);
  const leader = await world.untilLeader();
  const gone = ["k", "l", "m"].find((id) => id !== leader.node.id) ?? "";
  await change(world, { type: "remove", id: gone });
  await world.runFor(1000);
  expect(get(world, gone).stopped).toEqual({ type: "removed" });
  world.crash(gone, false);
  await world.start(gone);
  await world.runFor(3000);
  expect(get(world, gone).stopped).toEqual({ type: "removed" });
  await write(world, 3);
});

test.each(["k", "l", "m"])(
  "member %s, removed while it is down, is told when it comes back",
  async (gone) => {
    const world = await started(4, ["k", "l", "m"]);
    world.crash(gone, true);
    await change(world, { type: "remove", id: gone });
    await world.runFor(3000);
    await world.start(gone);
    await world.runFor(3000);
    expect(get(world, gone).stopped).toEqual({ type: "removed" });
  },
);

test("a member that was told of its removal still knows it after a restart, with nobody there to tell it", async () => {
  const world = await started(13, ["k", "l", "m"]);
  await write(world, 3);
  world.crash("m", true);
  await change(world, { type: "remove", id: "m" });
  await world.runFor(3000);
  await world.start("m");
  await world.runFor(3000);
  expect(get(world, "m").stopped).toEqual({ type: "removed" });
  for (const id of ["k", "l", "m"]) world.crash(id, true);
  await world.start("m");
  const told = get(world, "m").node.status().term;
  await world.runFor(3000);
  expect(get(world, "m").stopped).toEqual({ type: "removed" });
  expect(get(world, "m").node.status()).toMatchObject({ role: "follower", term: told });
});

test("who joins is not taken for removed by a member that does not know it yet", async () => {
  const world = await started(11, ["k", "l", "m"]);
  await write(world, 60);
  const leader = await world.untilLeader();
  const lagging = ["k", "l", "m"].find((id) => id !== leader.node.id) ?? "";
  await world.join("a");
  const { network } = world.kernel;
  network.cutBoth(leader.node.id, lagging);
  await change(world, addition(world, "a", true));
  const joiner = get(world, "a");
  const until = (): boolean => joiner.node.status().configuration.voters.length > 0;
  await world.kernel.run({ untilMs: world.kernel.nowMs + 5000, until });
  // It has the log up to a snapshot from before it was added, and hears of nothing newer for a while.
  expect(roles(joiner)).not.toContain("a:");
  network.cutBoth(leader.node.id, "a");
  await world.runFor(150);
  network.healAll();
  await world.runFor(3000);
  expect(joiner.stopped).toBeNull();
  expect(roles(joiner)).toContain("a:voter");
});

test("who joins is not taken for removed when only a leader that was cut off had added it", async () => {
  const world = await started(12, ["k", "l", "m"]);
  await world.join("a");
  const { network } = world.kernel;
  const old = await world.untilLeader();
  const others = ["k", "l", "m"].filter((id) => id !== old.node.id);
  for (const other of others) network.cutBoth(old.node.id, other);
  const lost = old.node.changeMembers([addition(world, "a", true)]).catch((error: unknown) => error);
  const joiner = get(world, "a");
  const until = (): boolean => roles(joiner).includes("a:learner");
  await world.kernel.run({ untilMs: world.kernel.nowMs + 5000, until });
  expect(until()).toBe(true);
  const leads = (): Process | undefined =>
    others.map((id) => get(world, id)).find(({ node }) => node.status().established);
  await world.kernel.run({ untilMs: world.kernel.nowMs + 5000, until: () => leads() !== undefined });
  const next = leads();
  if (next === undefined) throw new Error("nobody took over");
  // The cluster goes on to a configuration behind the one that was lost, and knows nothing of the joiner.
  for (let k = 0; k < 10; k += 1) await world.kernel.until(world.propose(next, "1"));
  await world.kernel.until(next.node.changeMembers([{ type: "lease-reads", on: true }]));
  network.healAll();
  await world.runFor(3000);
  expect(await world.kernel.until(lost)).toMatchObject({ code: "ERR_FLOTILLA_UNKNOWN_OUTCOME" });
  expect(joiner.stopped).toBeNull();
  await change(world, addition(world, "a", true));
  await world.runFor(3000);
  expect(roles(joiner)).toContain("a:voter");
});

test.each([14, 19])(
  "a change is not told as made when another leader's took its place within one turn: world %i",
  async (seed) => {
    const world = new World(seed, ["a", "b", "c"]);
    await world.startAll();
    const old = await world.untilLeader();
    await world.runFor(500);
    const { id } = old.node;
    const others = ["a", "b", "c"].filter((each) => each !== id);
    const { network } = world.kernel;
    // The old leader hears others and nobody hears it; then it hears of all that came to pass meanwhile at once.
    for (const other of others) network.cut(id, other);
    const lost = old.node.changeMembers([learner("x", "1")]).catch((error: unknown) => error);
    await world.runFor(5);
    world.kernel.node(id).pause();
    await world.runFor(4000);
    const leads = (): Process | undefined =>
      others.map((each) => get(world, each)).find(({ node }) => node.status().established);
    await world.kernel.run({ untilMs: world.kernel.nowMs + 20_000, until: () => leads() !== undefined });
    const next = leads();
    if (next === undefined) throw new Error("nobody took over");
    await world.kernel.until(next.node.changeMembers([learner("y", "2")]));
    await world.runFor(4000);
    network.healAll();
    world.kernel.node(id).resume();
    await world.runFor(5000);
    expect(await world.kernel.until(lost)).toMatchObject({ code: "ERR_FLOTILLA_UNKNOWN_OUTCOME" });
  },
);

test("a leader that removes itself hears that it is through, hands over and stops", async () => {
  const world = await started(5, ["k", "l", "m"]);
  const leader = await world.untilLeader();
  const { id } = leader.node;
  const configuration = await world.kernel.until(leader.node.changeMembers([{ type: "remove", id }]));
  expect(configuration.voters.map((voter) => voter.id)).not.toContain(id);
  await world.runFor(1000);
  expect(leader.stopped).toEqual({ type: "removed" });
  await write(world, 3);
});

test("a member that lost its data comes back under its id with other data", async () => {
  const world = await started(6, ["k", "l", "m"]);
  await write(world, 30);
  const leader = await world.untilLeader();
  const wiped = ["k", "l", "m"].find((id) => id !== leader.node.id) ?? "";
  world.crash(wiped, true);
  world.kernel.node(wiped).disk.wipe();
  await world.join(wiped);
  await world.runFor(1000);
  expect(get(world, wiped).counter.total).toBe(0);
  await change(world, addition(world, wiped, true));
  await world.runFor(2000);
  expect(roles(get(world, wiped))).toBe("k:voter l:voter m:voter");
  expect(get(world, wiped).counter.total).toBe((await world.untilLeader()).counter.total);
});

test("several voters are replaced at once, the leader among them", async () => {
  const world = await started(7, ["k", "l", "m"]);
  for (const id of ["a", "b"]) await world.join(id);
  await change(world, addition(world, "a", false), addition(world, "b", false));
  await world.runFor(1000);
  const { id } = (await world.untilLeader()).node;
  const other = ["k", "l", "m"].find((each) => each !== id) ?? "";
  await change(
    world,
    { type: "promote", id: "a" },
    { type: "promote", id: "b" },
    { type: "remove", id },
    { type: "remove", id: other },
  );
  await world.runFor(2000);
  const kept = ["a", "b", ...["k", "l", "m"].filter((each) => each !== id && each !== other)];
  expect(roles(await world.untilLeader())).toBe(kept.map((each) => `${each}:voter`).join(" "));
  for (const gone of [id, other]) expect(get(world, gone).stopped).toEqual({ type: "removed" });
  await write(world, 3);
});

test("a change is refused with the reason, and one whose leader loses the lead is of unknown fate", async () => {
  const world = await started(8, ["k", "l", "m"]);
  const leader = await world.untilLeader();
  const follower = ["k", "l", "m"].find((id) => id !== leader.node.id) ?? "";
  const change = { type: "remove", id: follower } as const;
  await expect(world.kernel.until(get(world, follower).node.changeMembers([change]))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_NOT_LEADER",
    details: { leader: leader.node.id },
  });
  await expect(
    world.kernel.until(leader.node.changeMembers([change], { ifVersion: 99 })),
  ).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_VERSION" });
  for (const id of ["k", "l", "m"]) if (id !== leader.node.id) world.crash(id, true);
  await expect(world.kernel.until(leader.node.changeMembers([change]))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_UNKNOWN_OUTCOME",
    ambiguous: true,
  });
  await world.kernel.until(leader.node.close());
  await expect(leader.node.changeMembers([change])).rejects.toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
});
