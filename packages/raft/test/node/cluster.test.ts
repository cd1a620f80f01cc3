import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { add, notAccepted } from "./counter.ts";
import { Cluster } from "./cluster.ts";
import type { Member } from "./cluster.ts";

const ids = ["a", "b", "c"];
const timeoutMs = 60_000;

async function startAll(cluster: Cluster, options: Parameters<Cluster["start"]>[1] = {}): Promise<void> {
  await Promise.all(ids.map(async (id) => cluster.start(id, options)));
}

function others(cluster: Cluster, leader: Member): Member[] {
  return cluster.members.filter((member) => member !== leader);
}

test(
  "three members elect a leader, replicate, and answer on leader and follower",
  { timeout: timeoutMs },
  async () => {
    await using cluster = await Cluster.create(ids);
    await startAll(cluster);
    const leader = await cluster.leader();
    const [follower] = others(cluster, leader);
    const first = await leader.node.propose(add(1));
    const second = await follower?.node.propose(add(2));
    expect(first.result).toBe(1);
    expect(second?.result).toBe(3);
    expect(second?.index).toBeGreaterThan(first.index);
    const index = await follower?.node.read();
    expect(index).toBeGreaterThanOrEqual(second?.index ?? Number.NaN);
    expect(follower?.counter.total).toBe(3);
    await Promise.all(cluster.members.map(async (member) => member.until(() => member.counter.total === 3)));
  },
);

test(
  "many proposals from every member take effect once, in the same order everywhere",
  { timeout: timeoutMs },
  async () => {
    await using cluster = await Cluster.create(ids);
    await startAll(cluster);
    await cluster.leader();
    const values = Array.from({ length: 600 }, (_, k) => k + 1);
    await Promise.all(values.map(async (value) => cluster.members[value % 3]?.node.propose(add(value))));
    const count = values.length;
    await Promise.all(
      cluster.members.map(async (member) => member.until(() => member.counter.applied.length === count)),
    );
    const [first, ...rest] = cluster.members.map((member) => member.counter.applied);
    expect(new Set(first).size).toBe(count);
    for (const order of rest) expect(order).toEqual(first);
  },
);

test("all members stop and start again with what they had", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  await startAll(cluster);
  const before = await cluster.leader();
  for (const value of [5, 6, 7]) await before.node.propose(add(value));
  const { incarnation } = before.node;
  const { id } = before.node;
  const { term } = before.node.status();
  for (const each of ids) await cluster.stop(each);
  await startAll(cluster);
  const after = await cluster.leader();
  expect(cluster.members.find(({ node }) => node.id === id)?.node.incarnation).toBe(incarnation);
  expect(after.node.status().term).toBeGreaterThan(term);
  expect((await after.node.propose(add(1))).result).toBe(19);
});

test(
  "a member that was away while the log was compacted catches up by snapshot",
  { timeout: timeoutMs },
  async () => {
    await using cluster = await Cluster.create(ids);
    const options = { snapshotEntries: 20, trailingEntries: 0 };
    await startAll(cluster, options);
    const leader = await cluster.leader();
    const away = others(cluster, leader)[0]?.node.id ?? "";
    await leader.node.propose(add(1));
    await cluster.stop(away);
    for (let k = 0; k < 100; k += 1) await leader.node.propose(add(1));
    await leader.until(({ firstIndex }) => firstIndex > 20);
    const restored: number[] = [];
    const back = await cluster.start(away, {
      ...options,
      observer: { onRestore: ({ index }) => restored.push(index) },
    });
    await back.until(() => back.counter.total === 101);
    expect(restored.length).toBeGreaterThan(0);
    await leader.node.propose(add(1));
    await back.until(() => back.counter.total === 102);
  },
);

test("a new leader takes over after the leader closed", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  await startAll(cluster);
  const first = await cluster.leader();
  await first.node.propose(add(1));
  const { term } = first.node.status();
  await cluster.stop(first.node.id);
  const second = await cluster.leader();
  expect(second.node.status().term).toBeGreaterThan(term);
  expect((await second.node.propose(add(1))).result).toBe(2);
});

test("messages reach other members and nobody else", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  await startAll(cluster);
  await cluster.leader();
  const [a, b, c] = cluster.members;
  const bytes = new TextEncoder().encode("hello");
  expect(a?.node.send(b?.node.id ?? "", bytes)).toBe(true);
  expect(a?.node.send("nobody", bytes)).toBe(false);
  await b?.until(() => b.messages.length > 0);
  expect(b?.messages).toEqual([`${a?.node.id}: hello`]);
  expect(c?.messages).toEqual([]);
});

test("without a majority proposals are dropped and reads refused", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  const alone = await cluster.start("a");
  await expect(alone.node.propose(add(1))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_DROPPED",
    ambiguous: false,
  });
  await expect(alone.node.read()).rejects.toMatchObject({ code: "ERR_FLOTILLA_NO_QUORUM" });
});

test("too large a proposal is refused, and a closed node takes nothing", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  const alone = await cluster.start("a", { maxProposalBytes: 10 });
  await expect(alone.node.propose(new Uint8Array(11))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_TOO_LARGE",
  });
  await expect(alone.node.propose(Uint8Array.of(notAccepted))).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
    ambiguous: false,
  });
  expect(() => alone.node.send("b", new Uint8Array((8 << 20) + 1))).toThrow(FlotillaError);
  await alone.node.close();
  expect(await alone.node.closed).toEqual({ type: "closed" });
  await expect(alone.node.propose(add(1))).rejects.toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
  await expect(alone.node.read()).rejects.toMatchObject({ code: "ERR_FLOTILLA_CLOSED" });
});

test("a throw in the state machine stops the node", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  await startAll(cluster);
  const leader = await cluster.leader();
  leader.counter.apply = () => {
    throw new Error("broken");
  };
  await expect(leader.node.propose(add(1))).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNKNOWN_OUTCOME" });
  const reason = await leader.node.closed;
  expect(reason.type).toBe("failed");
  expect(FlotillaError.is(reason.type === "failed" ? reason.error : null, "ERR_FLOTILLA_INTERNAL")).toBe(
    true,
  );
});

test("a wiped member is refused by the others", { timeout: timeoutMs }, async () => {
  await using cluster = await Cluster.create(ids);
  await startAll(cluster);
  const leader = await cluster.leader();
  await leader.node.propose(add(1));
  const wiped = others(cluster, leader)[0]?.node.id ?? "";
  await cluster.stop(wiped);
  await cluster.wipe(wiped);
  const empty = await cluster.start(wiped);
  await leader.node.propose(add(1));
  expect(empty.node.status().term).toBe(0);
  expect(leader.node.status().peers.find(({ id }) => id === wiped)?.connected).toBe(false);
});
