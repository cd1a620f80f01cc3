import { expect, test } from "vitest";
import type { Leadership } from "../../src/recipes/api.ts";
import { collect, isPending, rejection, World } from "./world.ts";

test("the first to campaign leads at once; its epoch is the revision of its node and of the record", async () => {
  const world = await World.start(3);
  const { coord, session } = await world.client();
  const leadership = await world.until(coord.election("x").campaign());
  const node = await world.until(session.exists(leadership.fence.path));
  const record = await world.until(session.exists("/election/x/grant"));
  expect(node).toMatchObject({ mzxid: leadership.epoch, ephemeralOwner: session.leaseId });
  expect(record?.mzxid).toBe(leadership.epoch);
  expect(leadership.fence.mzxid).toBe(leadership.epoch);
  expect(leadership.signal.aborted).toBe(false);
  expect(leadership.expiresIn).toBeGreaterThan(0);
  leadership.assert();
});

test("an uncontended campaign is one write once the election was ever held", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const election = coord.election("x");
  await world.until((await world.until(election.campaign())).release());
  const before = await world.until(session.put("/mark", ""));
  const leadership = await world.until(election.campaign());
  expect(leadership.epoch).toBe(before.revision + 1);
});

test("a release hands over in one revision: the record names the next one, which is granted, and the old node goes", async () => {
  const world = await World.start(3);
  const [a, b, observer] = await world.three();
  const old = await world.until(a.coord.election("x").campaign());
  const campaign = b.coord.election("x").campaign();
  await world.pass(100);
  const { items } = collect(await world.until(observer.session.watch("/election/x", { kind: "recursive" })));
  await world.until(old.release());
  const next = await world.until(campaign);
  await world.pass(100);
  const seen = items.map((event) => [event.type, "path" in event ? event.path : "", event.revision]);
  expect(seen).toEqual([
    ["changed", "/election/x/grant", next.epoch],
    ["changed", next.fence.path, next.epoch],
    ["deleted", old.fence.path, next.epoch],
  ]);
  const node = await world.until(observer.session.exists(next.fence.path));
  expect(node?.mzxid).toBe(next.epoch);
  expect(old.signal.aborted).toBe(true);
  expect(old.expiresIn).toBeLessThanOrEqual(0);
  expect(() => old.assert()).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_LOST" }));
});

test("the last to leave leaves nothing behind, and a release may be repeated", async () => {
  const world = await World.start();
  const a = await world.client();
  const leadership = await world.until(a.coord.election("x").campaign());
  await world.until(Promise.all([leadership.release(), leadership.release()]));
  await world.until(leadership.release());
  await world.until(Promise.resolve(leadership[Symbol.asyncDispose]()));
  expect(await world.remains(a)).toEqual({ line: [], record: false });
});

test("epochs grow from holder to holder, also after everything was deleted and made again", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const epochs: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const leadership = await world.until(coord.election("x").campaign());
    epochs.push(leadership.epoch);
    await world.until(leadership.release());
    if (round % 2 === 1) continue;
    await world.until(session.delete("/election/x/line"));
    await world.until(session.delete("/election/x"));
    await world.until(session.delete("/election"));
  }
  expect(epochs).toEqual([...new Set(epochs)].toSorted((p, q) => p - q));
});

test("those in line are elected first come, first served", async () => {
  const world = await World.start();
  const clients = [...(await world.three()), ...(await world.three())];
  const campaigns = await world.line(clients);
  const epochs: number[] = [];
  for (const [index, campaign] of campaigns.entries()) {
    const leadership = await world.until(campaign);
    await world.pass(500);
    for (const later of campaigns.slice(index + 1)) expect(await isPending(later)).toBe(true);
    epochs.push(leadership.epoch);
    await world.until(leadership.release());
  }
  expect(epochs).toEqual(epochs.toSorted((p, q) => p - q));
});

test("a higher priority goes first in line, but never takes from a holder", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const holder = await world.until(a.coord.election("x", { priority: -5 }).campaign());
  const low = b.coord.election("x", { priority: 1 }).campaign();
  await world.pass(100);
  const high = c.coord.election("x", { priority: 2 }).campaign();
  await world.pass(10_000);
  expect(holder.signal.aborted).toBe(false);
  await world.until(holder.release());
  const next = await world.until(high);
  expect(await isPending(low)).toBe(true);
  await world.until(next.release());
  expect((await world.until(low)).epoch).toBeGreaterThan(next.epoch);
});

test("whoever joins while the last holder leaves goes before all who come later", async () => {
  for (let step = 1; step < 60; step += 1) {
    const world = await World.start(1, `join ${step}`);
    const [a, b, c] = await world.three();
    const holder = await world.until(a.coord.election("x").campaign());
    const release = holder.release();
    const second = b.coord.election("x").campaign();
    await world.events(step);
    const third = c.coord.election("x").campaign();
    const leader = await world.until(Promise.race([second, third]));
    const joined = await world.until(a.session.children("/election/x/line"));
    const stats = await world.until(
      Promise.all((joined?.names ?? []).map((name) => a.session.exists(`/election/x/line/${name}`))),
    );
    const first = Math.min(...stats.map((stat) => stat?.czxid ?? Number.POSITIVE_INFINITY));
    const node = await world.until(a.session.exists(leader.fence.path));
    expect(node?.czxid).toBe(first);
    await world.until(release);
  }
}, 60_000);

test("the leader and the candidates are told in line order, with what the leader proclaimed", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const election = a.coord.election("x", { id: "a", value: "va" });
  expect(await world.until(election.leader())).toBe(null);
  expect(await world.until(election.candidates())).toEqual([]);
  const leadership = await world.until(election.campaign());
  void b.coord
    .election("x", { id: "b", value: "vb" })
    .campaign()
    .catch(() => {});
  await world.pass(100);
  void c.coord
    .election("x", { id: "c", value: "vc", priority: 7 })
    .campaign()
    .catch(() => {});
  await world.pass(100);
  await world.until(leadership.proclaim("new"));
  const leader = await world.until(b.coord.election("x").leader());
  expect(leader).toMatchObject({ id: "a", epoch: leadership.epoch, value: "new" });
  expect(await world.until(b.coord.election("x").leader({ level: "local" }))).toEqual(leader);
  expect(await world.until(election.candidates())).toEqual([
    { id: "a", value: "new", priority: 0 },
    { id: "c", value: "vc", priority: 7 },
    { id: "b", value: "vb", priority: 0 },
  ]);
});

test("a stale leader cannot proclaim, and its fenced writes are refused", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const old = await world.until(a.coord.election("x").campaign());
  const next = b.coord.election("x", { id: "b" }).campaign();
  await world.pass(100);
  await world.until(a.session.put("/data", "1", { fence: old.fence }));
  await world.until(old.release());
  const current = await world.until(next);
  const write = a.session.put("/data", "2", { fence: old.fence });
  expect(await world.until(rejection(write))).toMatchObject({ code: "ERR_FLOTILLA_FENCED" });
  expect(await rejection(old.proclaim("v"))).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  await world.until(b.session.put("/data", "3", { fence: current.fence }));
  expect(await world.until(a.coord.election("x").leader())).toMatchObject({ id: "b", value: "" });
});

test("a proclamation that was on its way when leadership ended is refused by the tree", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const old = await world.until(a.coord.election("x").campaign());
  void b.coord
    .election("x", { id: "b", value: "vb" })
    .campaign()
    .catch(() => {});
  await world.pass(100);
  world.isolate(a);
  const stale = rejection(old.proclaim("stale"));
  await world.until(b.session.delete(old.fence.path, { force: true }));
  await world.pass(100);
  world.heal(a);
  expect(await world.until(stale)).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(await world.until(b.coord.election("x").leader())).toMatchObject({ id: "b", value: "vb" });
});

test("a holder's node cannot be deleted by another session; forced away, its signal fires and the next one leads", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const old = await world.until(a.coord.election("x").campaign());
  const next = b.coord.election("x").campaign();
  await world.pass(100);
  const refused = rejection(b.session.delete(old.fence.path));
  expect(await world.until(refused)).toMatchObject({ code: "ERR_FLOTILLA_HELD" });
  expect(old.signal.aborted).toBe(false);
  await world.until(b.session.delete(old.fence.path, { force: true }));
  const current = await world.until(next);
  await world.pass(100);
  expect(old.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(current.epoch).toBeGreaterThan(old.epoch);
  expect(current.signal.aborted).toBe(false);
  await world.until(old.release());
  expect((await world.remains(b)).line).toHaveLength(1);
});

test("a holder whose node somebody wrote to has lost its fence, and is told", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const old = await world.until(a.coord.election("x").campaign());
  await world.until(b.session.set(old.fence.path, "graffiti"));
  await world.pass(100);
  expect(old.signal.aborted).toBe(true);
  await world.until(old.release());
  expect(await world.remains(b)).toEqual({ line: [], record: false });
});

test("a record nobody can read and foreign nodes in the line block nobody", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const first = await world.until(a.coord.election("x").campaign());
  const campaign = b.coord.election("x").campaign();
  await world.until(a.session.create("/election/x/line/junk", "junk"));
  await world.until(first.release());
  await world.until((await world.until(campaign)).release());
  await world.until(a.session.create("/election/x/grant", "{"));
  const next = await world.until(b.coord.election("x", { id: "b" }).campaign());
  expect(await world.until(a.coord.election("x").leader())).toMatchObject({ id: "b", epoch: next.epoch });
});

test("names and options are checked", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  for (const name of ["", ".", "..", "a/b", "a\u0000", "n".repeat(256)]) {
    expect(() => coord.election(name)).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
  }
  expect(() => coord.election("x", { priority: 0.5 })).toThrow(/priority/);
  expect(() => coord.election("x", { id: "" })).toThrow(/id/);
  const badTimeout = rejection(coord.election("x").campaign({ timeoutMs: -1 }));
  expect(await badTimeout).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("one session may campaign several times and for several elections, each with a place of its own", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const first = await world.until(coord.election("x").campaign());
  const other = await world.until(coord.election("y").campaign());
  const second = coord.election("x").campaign();
  await world.pass(1_000);
  expect(await isPending(second)).toBe(true);
  await world.until(first.release());
  const again: Leadership = await world.until(second);
  expect(new Set([first.epoch, other.epoch, again.epoch]).size).toBe(3);
});

test("members campaign on their own sessions as thin clients do", async () => {
  const world = await World.start(3);
  const { coord } = await world.client();
  const member = world.cluster.node("n2");
  const first = await world.until(member.election("x", { id: "n2" }).campaign());
  const second = coord.election("x").campaign();
  await world.pass(100);
  const extra = await world.until(world.cluster.node("n3").connect());
  expect(await world.until(extra.election("x").leader())).toMatchObject({ id: "n2", epoch: first.epoch });
  await world.until(first.release());
  expect((await world.until(second)).epoch).toBeGreaterThan(first.epoch);
});
