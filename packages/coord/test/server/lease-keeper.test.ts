import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { KeeperWorld, ttlMs } from "./keeper-world.ts";

const a = "a".repeat(32);
const b = "b".repeat(32);
const awaitedMs = 10_200;
/** Deadlines are looked at this often. */
const tickMs = 100;

test("a new leader gives every lease a full TTL and the drift bound, then proposes its end for its own term only", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  await world.clock.advance(50_000);
  world.lead(7);
  await world.clock.advance(awaitedMs - 1);
  expect(world.expired).toEqual([]);
  await world.clock.advance(tickMs + 1);
  expect(world.expired).toEqual([{ leases: [a, b], ifTerm: 7 }]);
});

test("nobody but an established leader proposes anything", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.follow(3);
  await world.clock.advance(60_000);
  world.keeper.onStatus({ role: "leader", term: 4, established: false });
  await world.clock.advance(60_000);
  expect(world.expired).toEqual([]);
});

test("a leader elected again counts anew", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  await world.clock.advance(10_000);
  world.follow(2);
  await world.clock.advance(60_000);
  expect(world.expired).toEqual([]);
  world.lead(3);
  await world.clock.advance(awaitedMs - 1);
  expect(world.expired).toEqual([]);
  await world.clock.advance(tickMs + 1);
  expect(world.expired).toEqual([{ leases: [a], ifTerm: 3 }]);
});

test("a step from one led term to the next counts anew", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  await world.clock.advance(10_000);
  world.lead(2);
  await world.clock.advance(awaitedMs - 1);
  expect(world.expired).toEqual([]);
});

test("without leases a leader looks at most once a second, and only after leases changed, and still ends one that comes in time", async () => {
  const world = new KeeperWorld();
  world.lead(1);
  let looks = 0;
  const leases = world.table.values.bind(world.table);
  world.table.values = () => {
    looks += 1;
    return leases();
  };
  world.changeMany();
  await world.clock.advance(4_950);
  expect(looks).toBe(1);
  world.changeMany();
  world.changeMany();
  await world.clock.advance(5_000);
  expect(looks).toBe(2);
  expect(world.clock.timers).toBe(1);
  world.grant(a);
  world.keeper.onApplied({ type: "attached", session: a, attach: 1, lastSeq: 0, ttlMs });
  expect(world.clock.timers).toBe(1);
  await world.clock.advance(awaitedMs - 1);
  expect(world.ended).toEqual([]);
  await world.clock.advance(tickMs + 1);
  expect(world.ended).toEqual([a]);
});

test("a lease that only the sweep finds while there is no other is ended too", async () => {
  const world = new KeeperWorld();
  world.lead(1);
  await world.clock.advance(1_500);
  world.grant(a);
  await world.clock.advance(500 + awaitedMs + tickMs);
  expect(world.ended).toEqual([a]);
});

test("receipt of a renewal moves the deadline, also while it is unconfirmed", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  await world.clock.advance(5_000);
  world.renew(a);
  await world.clock.advance(awaitedMs - 5_000 + tickMs);
  expect(world.ended).toEqual([b]);
  await world.clock.advance(5_000);
  expect(world.ended).toEqual([b, a]);
});

test("a renewal is vouched for only after a leadership round that began after its receipt", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  world.renew(a);
  await world.clock.settle();
  world.renew(b);
  await world.clock.settle();
  expect(world.reads.map((read) => read.options)).toEqual([{ leaderOnly: true }]);
  expect(world.refused).toEqual([]);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[]]);
  expect(world.reads.map((read) => read.options)).toEqual([{ leaderOnly: true }, { leaderOnly: true }]);
  world.reads[1]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[], []]);
});

test("renewals of one turn share a round", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  world.renew(a);
  world.renew(b);
  await world.clock.settle();
  expect(world.reads.length).toBe(1);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[], []]);
});

test("a round that fails vouches for nothing", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.renew(a);
  await world.clock.settle();
  world.reads[0]?.reject(new FlotillaError("ERR_FLOTILLA_NO_QUORUM", "cut off"));
  await world.clock.settle();
  expect(world.refused).toEqual([]);
});

test("leadership lost before the round ended vouches for nothing", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.renew(a);
  await world.clock.settle();
  world.follow(2);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([]);
});

test("a doomed lease is vouched for no more, and its deadline stands whatever its session does", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  await world.clock.advance(1_000);
  world.renew(a, b);
  await world.clock.settle();
  world.doom(a);
  world.reads[0]?.resolve(1);
  await world.clock.advance(awaitedMs - 1_000);
  expect(world.refused).toEqual([[a]]);
  world.renew(a);
  world.keeper.onApplied({ type: "attached", session: a, attach: 2, lastSeq: 0, ttlMs });
  await world.clock.advance(999);
  expect(world.ended).toEqual([]);
  world.renew(b);
  await world.clock.advance(tickMs + 1);
  expect(world.ended).toEqual([a]);
});

test("a new leader gives a doomed lease a full TTL too: its session may have been told that it lives", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.doom(a);
  world.lead(1);
  await world.clock.advance(awaitedMs - 1);
  expect(world.ended).toEqual([]);
  await world.clock.advance(tickMs + 1);
  expect(world.ended).toEqual([a]);
});

test("a lease that is gone by the read index is refused", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  world.renew(a, b);
  await world.clock.settle();
  world.end(a);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[a]]);
});

test("nothing is vouched for once its end was proposed, whatever becomes of the proposal", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  await world.clock.advance(awaitedMs + tickMs);
  expect(world.ended).toEqual([a]);
  world.renew(a);
  await world.clock.settle();
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[a]]);
  world.proposals[0]?.reject(new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", "who knows"));
  world.renew(a);
  await world.clock.settle();
  world.reads[1]?.resolve(1);
  await world.clock.advance(60_000);
  expect(world.refused).toEqual([[a], [a]]);
  expect(world.ended).toEqual([a]);
});

test("a renewal under way when the end is proposed is not vouched for", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.renew(a);
  await world.clock.settle();
  await world.clock.advance(awaitedMs + tickMs);
  expect(world.ended).toEqual([a]);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[a]]);
});

test("an end that certainly never entered the log is proposed again, and a renewal before that saves the lease", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  await world.clock.advance(awaitedMs + tickMs);
  world.proposals[0]?.reject(new FlotillaError("ERR_FLOTILLA_OVERLOADED", "too much"));
  await world.clock.settle();
  world.renew(a);
  await world.clock.advance(tickMs);
  expect(world.expired.map((command) => command.leases)).toEqual([[a, b], [b]]);
});

test("a stall of the leader postpones every deadline by its length", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  await world.clock.advance(5_050);
  world.clock.stall(30_000);
  await world.clock.advance(5_000);
  expect(world.ended).toEqual([]);
  await world.clock.advance(500);
  expect(world.ended).toEqual([a]);
});

test("a renewal that arrives in the poll phase after a late timer is seen before deadlines are", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  await world.clock.advance(awaitedMs - 10);
  world.clock.stall(15);
  world.clock.arrive(() => world.renew(a));
  await world.clock.advance(1);
  expect(world.ended).toEqual([b]);
});

test("attaching starts a deadline, and moves one", async () => {
  const world = new KeeperWorld();
  world.lead(1);
  await world.clock.advance(5_000);
  world.grant(a);
  world.keeper.onApplied({ type: "attached", session: a, attach: 1, lastSeq: 0, ttlMs });
  await world.clock.advance(8_000);
  world.keeper.onApplied({ type: "attached", session: a, attach: 2, lastSeq: 0, ttlMs });
  await world.clock.advance(awaitedMs - 1);
  expect(world.ended).toEqual([]);
  await world.clock.advance(tickMs + 1);
  expect(world.ended).toEqual([a]);
});

test("a lease made by any other command is found and ends in time", async () => {
  const world = new KeeperWorld();
  world.lead(1);
  await world.clock.advance(500);
  world.grant(a);
  await world.clock.advance(awaitedMs);
  expect(world.ended).toEqual([]);
  await world.clock.advance(1_000 + tickMs);
  expect(world.ended).toEqual([a]);
});

test("of many changes between two looks none is missed", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  await world.clock.advance(5_050);
  world.grant(b);
  world.end(a);
  world.changeMany();
  await world.clock.advance(awaitedMs - 50);
  expect(world.ended).toEqual([]);
  await world.clock.advance(1_000 + tickMs);
  expect(world.ended).toEqual([b]);
});

test("a doom among more changes than are remembered is not missed", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  world.renew(a, b);
  await world.clock.settle();
  world.doom(a);
  world.changeMany();
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[a]]);
});

test("a lease that ends while a renewal waits for its round is not mistaken for a later one of its name", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.renew(a);
  await world.clock.settle();
  world.end(a);
  world.keeper.onApplied({ type: "expired", leases: [a] });
  world.grant(a);
  world.reads[0]?.resolve(1);
  await world.clock.settle();
  expect(world.refused).toEqual([[a]]);
});

test("a lease that ended by a command is left alone", async () => {
  const world = new KeeperWorld();
  world.grant(a, b);
  world.lead(1);
  await world.clock.advance(5_000);
  world.end(a);
  world.keeper.onApplied({ type: "expired", leases: [a] });
  world.end(b);
  await world.clock.advance(60_000);
  expect(world.expired).toEqual([]);
});

test("many ends are proposed in commands of bounded size, sorted", async () => {
  const world = new KeeperWorld();
  const ids = Array.from({ length: 150 }, (_, k) => (1_000 - k).toString(16).padStart(32, "0"));
  world.grant(...ids);
  world.lead(1);
  await world.clock.advance(awaitedMs + tickMs);
  expect(world.expired.map((command) => command.leases.length)).toEqual([64, 64, 22]);
  expect(world.ended).toEqual(ids.toSorted());
});

test("ends of leases with many nodes are proposed in commands that touch no more nodes than one may", async () => {
  const world = new KeeperWorld();
  const counts = [0, 4_000, 6_000, 1, 9_999, 0, 10_000, 10_000, 0];
  const ids = counts.map((_, k) => k.toString(16).padStart(32, "0"));
  world.grant(...ids);
  for (const [k, count] of counts.entries()) world.owned.set(ids[k] ?? "", count);
  world.lead(1);
  await world.clock.advance(awaitedMs + tickMs);
  const commands = world.expired.map(({ leases }) => leases.map((id) => world.owned.get(id)));
  expect(commands).toEqual([[0, 4_000, 6_000], [1, 9_999, 0], [10_000], [10_000, 0]]);
});

test("a closed keeper does nothing", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.keeper.close();
  await world.clock.advance(60_000);
  expect(world.expired).toEqual([]);
});

test("a closed keeper stays closed when the log still leads, or leads again", async () => {
  const world = new KeeperWorld();
  world.grant(a);
  world.lead(1);
  world.keeper.close();
  world.lead(1);
  world.lead(2);
  await world.clock.advance(60_000);
  expect(world.expired).toEqual([]);
});
