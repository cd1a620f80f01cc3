import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { RaftNode } from "../../src/index.ts";
import { World, type Process } from "./world.ts";

const ids = ["a", "b", "c"];
const electionTimeoutMs = 200;

/** A group with lease reads on, its leader, and who else there is. */
async function leased(
  seed: number,
  timeoutMs: number = electionTimeoutMs,
): Promise<{ world: World; leader: Process; others: readonly string[] }> {
  const world = new World(seed, ids, { heartbeatMs: 20, electionTimeoutMs: timeoutMs });
  await world.startAll();
  const leader = await world.untilLeader();
  await world.kernel.until(leader.node.changeMembers([{ type: "lease-reads", on: true }]));
  await world.runFor(timeoutMs);
  return { world, leader, others: ids.filter((id) => id !== leader.node.id) };
}

/** Sum of a counter over its samples; of the one with such a label, if that is given. */
function counted(node: RaftNode, name: string, label?: string): number {
  const metric = node.metrics().find((each) => each.name === `flotilla_raft_${name}`);
  if (metric === undefined || metric.type === "histogram") throw new Error(`no counter ${name}`);
  const samples = metric.samples.filter(
    ({ labels }) => label === undefined || Object.values(labels).includes(label),
  );
  return samples.reduce((sum, { value }) => sum + value, 0);
}

function heartbeats(node: RaftNode): number {
  return counted(node, "messages_sent_total", "heartbeat");
}

test("reads at the leader make no round while the lease holds", async () => {
  const { world, leader } = await leased(1);
  const { node } = leader;
  const { index } = await world.kernel.until(world.propose(leader, "1"));
  const sent = heartbeats(node);
  for (let k = 0; k < 50; k += 1) expect(await world.kernel.until(node.read())).toBeGreaterThanOrEqual(index);
  expect(heartbeats(node)).toBe(sent);
  expect(counted(node, "lease_reads_total")).toBe(50);
  await world.kernel.until(node.read({ leaderOnly: true }));
  expect(heartbeats(node)).toBe(sent + 2);
  expect(counted(node, "lease_reads_total")).toBe(50);
});

test("a follower's read is answered from the leader's lease, and reads what was written before it", async () => {
  const { world, leader, others } = await leased(2);
  const follower = world.running.get(others[0] ?? "");
  await world.kernel.until(world.propose(leader, "7"));
  const sent = heartbeats(leader.node);
  const index = await world.kernel.until(follower?.node.read() ?? Promise.reject(new Error("down")));
  expect(index).toBeGreaterThanOrEqual(leader.node.status().commit);
  expect(follower?.counter.total).toBe(7);
  expect(counted(leader.node, "lease_reads_total")).toBe(1);
  expect(heartbeats(leader.node)).toBe(sent);
});

test("members that come back with a shorter election timeout keep what they pledged before", async () => {
  const { world, leader, others } = await leased(3, 2000);
  const { node } = leader;
  await world.runFor(500);
  world.kernel.network.isolate(node.id);
  for (const other of others) world.crash(other, false);
  for (const other of others) await world.start(other, undefined, { electionTimeoutMs: 200 });
  const rival = (): Process | undefined =>
    others.map((other) => world.running.get(other)).find((process) => process?.node.status().established);
  const untilMs = world.kernel.nowMs + 20_000;
  await world.kernel.run({ untilMs, until: () => rival() !== undefined });
  const next = rival();
  if (next === undefined) throw new Error("nobody else leads");
  await world.kernel.until(world.propose(next, "9"));
  const answered = node.read().then(
    () => "stale",
    (error: { readonly code: string }) => error.code,
  );
  expect(await world.kernel.until(answered)).not.toBe("stale");
});

interface Answered {
  readonly least: number;
  readonly index: number | null;
}

/** Notes what a read of the node comes to, beside the most that anybody had committed when it began. */
function readAt(world: World, { node }: Process, answers: Answered[]): void {
  const least = Math.max(...[...world.running.values()].map((each) => each.node.status().commit));
  node.read().then(
    (index) => answers.push({ least, index }),
    (error: unknown) => {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NO_QUORUM")) throw error;
      answers.push({ least, index: null });
    },
  );
}

interface CutOff {
  readonly world: World;
  readonly leader: Process;
  readonly second: Process;
  readonly answers: readonly Answered[];
  /** Lets time pass, reading from the cut-off leader every millisecond and writing to whoever the others follow. */
  readonly readFor: (ms: number) => Promise<void>;
  readonly fromLease: () => number;
}

/** A leader whose clock is slow, cut off from others whose clocks are fast. */
async function cutOff(seed: number): Promise<CutOff> {
  const { world, leader, others } = await leased(seed);
  const { id } = leader.node;
  const second = world.running.get(others[0] ?? "");
  if (second === undefined) throw new Error("down");
  for (const each of ids) world.kernel.node(each).clock.setRate(each === id ? 0.98 : 1.02);
  await world.runFor(1000);
  world.kernel.network.isolate(id);
  const answers: Answered[] = [];
  const readFor = async (ms: number): Promise<void> => {
    for (let k = 0; k < ms; k += 1) {
      if (second.node.status().leader !== id) void world.propose(second, "1").catch(() => {});
      readAt(world, leader, answers);
      await world.runFor(1);
    }
  };
  return {
    world,
    leader,
    second,
    answers,
    readFor,
    fromLease: () => counted(leader.node, "lease_reads_total"),
  };
}

function stale(answers: readonly Answered[]): readonly Answered[] {
  return answers.filter(({ index, least }) => index !== null && index < least);
}

const seeds = [1, 2, 3, 4];

test.each(seeds)(
  "a leader that was cut off answers while its lease holds and then not at all, seed %d",
  async (seed) => {
    const { leader, second, answers, readFor, fromLease } = await cutOff(seed);
    await readFor(4 * electionTimeoutMs);
    expect(second.node.status().commit).toBeGreaterThan(leader.node.status().commit);
    expect(stale(answers)).toEqual([]);
    expect(answers.filter(({ index }) => index !== null).length).toBe(fromLease());
    expect(fromLease()).toBeGreaterThan((electionTimeoutMs * 3) / 4);
    expect(answers.at(-1)?.index).toBeNull();
  },
);

test.each(seeds)(
  "a leader that was stopped while it was cut off answers nothing when it goes on, seed %d",
  async (seed) => {
    const { world, leader, second, answers, readFor, fromLease } = await cutOff(seed);
    await readFor(50);
    expect(fromLease()).toBe(50);
    const machine = world.kernel.node(leader.node.id);
    machine.pause();
    await world.runFor(4 * electionTimeoutMs);
    await world.kernel.until(world.propose(second, "2"));
    machine.resume();
    await readFor(electionTimeoutMs);
    expect(fromLease()).toBe(50);
    expect(stale(answers)).toEqual([]);
    expect(answers.length).toBe(50 + electionTimeoutMs);
  },
);
