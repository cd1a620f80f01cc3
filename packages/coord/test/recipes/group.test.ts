import { expect, test } from "vitest";
import type { GroupChange, GroupMember } from "../../src/recipes/group/api.ts";
import { SessionMembership } from "../../src/recipes/group/membership.ts";
import { foldedMembers } from "./members.ts";
import { collect, isPending, noWaits, rejection, World } from "./world.ts";

const ids = (members: readonly GroupMember[] | undefined): string[] | undefined =>
  members?.map(({ id }) => id);

const told = (change: GroupChange | undefined): Record<string, string[] | undefined> => ({
  joined: ids(change?.joined),
  left: ids(change?.left),
  changed: ids(change?.changed),
});

test("a member is there with what it told, until it leaves", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  expect(await world.until(b.coord.group("web").members())).toEqual([]);
  const membership = await world.until(a.coord.group("web").join({ region: "eu" }, { id: "m" }));
  expect(membership.member).toMatchObject({ id: "m", meta: { region: "eu" } });
  expect(await world.until(b.coord.group("web").members())).toEqual([membership.member]);
  await world.until(membership.update({ region: "us", load: "3" }));
  expect(membership.member.revision).toBeGreaterThan(membership.member.joined);
  expect(await world.until(b.coord.group("web").members({ level: "local" }))).toEqual([membership.member]);
  await world.until(membership.leave());
  await world.until(Promise.resolve(membership[Symbol.asyncDispose]()));
  expect(membership.signal.aborted).toBe(true);
  expect(await rejection(membership.update({}))).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  expect(await world.until(b.coord.group("web").members())).toEqual([]);
});

test("a join that is answered as the session ends is over at once", async () => {
  const world = await World.start();
  const [{ coord, session }] = await world.three();
  await world.until(coord.close());
  const entry = { path: "/group/web/m", key: "k" };
  const member = { id: "m", meta: {}, joined: 1, sinceMs: 0, revision: 1 };
  const membership = new SessionMembership(session, entry, member);
  expect(membership.signal.aborted).toBe(true);
  await world.until(membership.leave());
});

test("metadata that no node can hold are refused and change nothing, those that the cluster refuses end the membership", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const membership = await world.until(a.coord.group("web").join({ region: "eu" }, { id: "m" }));
  const huge = { text: "x".repeat(2_000_000) };
  expect(await rejection(membership.update(huge))).toMatchObject({ code: "ERR_FLOTILLA_TOO_LARGE" });
  await world.until(membership.update({ region: "us" }));
  expect(await world.until(b.coord.group("web").members())).toMatchObject([{ meta: { region: "us" } }]);
  await world.until(b.session.setBudget("/group", { bytes: { hard: 1_000 } }));
  const long = rejection(membership.update({ text: "x".repeat(2_000) }));
  expect(await world.until(long)).toMatchObject({ code: "ERR_FLOTILLA_QUOTA" });
  expect(membership.signal.aborted).toBe(true);
  expect(await world.until(b.coord.group("web").members())).toEqual([]);
});

test("members of one process have ids of their own, and an id that is a member is refused", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const group = a.coord.group("web");
  const first = await world.until(group.join());
  const second = await world.until(group.join());
  expect(first.member.id).not.toBe(second.member.id);
  expect(second.member.joined).toBeGreaterThan(first.member.joined);
  await world.until(group.join({}, { id: "x" }));
  for (const { coord } of [a, b]) {
    const refused = rejection(coord.group("web").join({}, { id: "x" }));
    const message = expect.stringMatching(/^\/group\/web\/x is taken, until .*its session has ended/);
    expect(await world.until(refused)).toMatchObject({ code: "ERR_FLOTILLA_EXISTS", message });
  }
});

test("everybody is told the members, then each change by itself and in order", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const one = await world.until(a.coord.group("x").join({}, { id: "a" }));
  const stop = new AbortController();
  const { items, done } = collect(c.coord.group("x").watch({ signal: stop.signal }));
  await world.pass(100);
  void b.coord.group("x").join({}, { id: "b" });
  await world.pass(100);
  void one.update({ load: "1" });
  await world.pass(100);
  void one.leave();
  await world.pass(100);
  expect(items.map(told)).toEqual([
    { joined: ["a"], left: [], changed: [] },
    { joined: ["b"], left: [], changed: [] },
    { joined: [], left: [], changed: ["a"] },
    { joined: [], left: ["a"], changed: [] },
  ]);
  expect(items.map(({ members }) => ids(members))).toEqual([["a"], ["a", "b"], ["a", "b"], ["b"]]);
  const revisions = items.map(({ revision }) => revision);
  expect(revisions.toSorted((x, y) => x - y)).toEqual(revisions);
  stop.abort();
  await world.until(done);
});

test("a group nobody is in is told once, then whoever joins", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const { items } = collect(a.coord.group("x").watch());
  await world.pass(100);
  expect(items).toMatchObject([{ members: [], joined: [] }]);
  await world.until(b.coord.group("x").join({}, { id: "b" }));
  await world.pass(100);
  expect(items.slice(1).map(told)).toEqual([{ joined: ["b"], left: [], changed: [] }]);
});

test("reconnects and a new leader are no changes to anybody", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 10_000 });
  await world.until(a.coord.group("x").join({}, { id: "a" }));
  const { items } = collect(b.coord.group("x").watch());
  await world.pass(100);
  for (const client of [a, b]) world.reset(client);
  await world.pass(500);
  world.kernel.node(await world.cluster.leader()).crash();
  await world.pass(5_000);
  expect(items.map(told)).toEqual([{ joined: ["a"], left: [], changed: [] }]);
  expect(ids(await world.until(b.coord.group("x").members()))).toEqual(["a"]);
});

test("changes during an absence are told afterwards, one by one", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three({ sessionTtlMs: 10_000 });
  const { items } = collect(b.coord.group("x").watch());
  await world.pass(100);
  world.isolate(b);
  const first = await world.until(a.coord.group("x").join({}, { id: "a" }));
  await world.until(first.leave());
  const second = await world.until(a.coord.group("x").join({ again: "yes" }, { id: "a" }));
  await world.until(second.update({ again: "no" }));
  world.heal(b);
  await world.pass(3_000);
  expect(items.slice(1).map(told)).toEqual([
    { joined: ["a"], left: [], changed: [] },
    { joined: [], left: ["a"], changed: [] },
    { joined: ["a"], left: [], changed: [] },
    { joined: [], left: [], changed: ["a"] },
  ]);
});

test("what can only be told as a sum says who left and who came under the same id", async () => {
  const world = await World.start(1, "forgetful", { historyEvents: 10 });
  const [a, b, c] = await world.three({ sessionTtlMs: 10_000 });
  const old = await world.until(a.coord.group("x").join({}, { id: "a" }));
  const kept = await world.until(a.coord.group("x").join({}, { id: "k" }));
  const { items } = collect(b.coord.group("x").watch());
  await world.pass(100);
  world.isolate(b);
  // Its server gives its connection up, and has nothing to tell it any more but from history.
  await world.pass(6_000);
  await world.until(old.leave());
  await world.until(a.coord.group("x").join({ new: "yes" }, { id: "a" }));
  await world.until(kept.update({ load: "1" }));
  for (let n = 0; n < 50; n += 1) await world.until(c.session.put("/noise", String(n)));
  world.heal(b);
  await world.pass(3_000);
  expect(items.slice(1).map(told)).toEqual([{ joined: ["a"], left: ["a"], changed: ["k"] }]);
  expect(foldedMembers(items)).toEqual(await world.until(a.coord.group("x").members()));
});

test("a member goes with its session: at once when closed, after its time to live when its process died", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const closing = await world.until(a.coord.group("x").join({}, { id: "closing" }));
  await world.until(b.coord.group("x").join({}, { id: "dying" }));
  await world.until(a.coord.close());
  expect(closing.signal.aborted).toBe(true);
  expect(ids(await world.until(c.coord.group("x").members()))).toEqual(["dying"]);
  world.kernel.node(b.machine).crash();
  await world.pass(1_400);
  expect(ids(await world.until(c.coord.group("x").members()))).toEqual(["dying"]);
  await world.pass(1_000);
  expect(await world.until(c.coord.group("x").members())).toEqual([]);
  await world.until(closing.leave());
});

test("who is taken out hears of it, and others cannot do so by mistake", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const membership = await world.until(a.coord.group("x").join({}, { id: "a" }));
  expect(await world.until(rejection(b.session.delete("/group/x/a")))).toMatchObject({
    code: "ERR_FLOTILLA_HELD",
  });
  await world.until(b.session.delete("/group/x/a", { force: true }));
  await world.pass(200);
  expect(membership.signal.reason).toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  const successor = await world.until(b.coord.group("x").join({}, { id: "a" }));
  await world.until(membership.leave());
  expect(await world.until(a.coord.group("x").members())).toEqual([successor.member]);
});

test("a join that was given up on does not come to stand later", async () => {
  for (let step = 0; step < 20; step += 1) {
    const world = await World.start(1, `give up ${step}`);
    const [a, b] = await world.three();
    await world.until(b.coord.group("x").join({}, { id: "b" }));
    const controller = new AbortController();
    const joining = a.coord
      .group("x")
      .join({}, { id: "a", signal: controller.signal })
      .catch(() => null);
    await world.events(step);
    controller.abort();
    const membership = await world.until(joining);
    await world.pass(1_000);
    const expected = membership === null ? ["b"] : ["a", "b"];
    expect(ids(await world.until(b.coord.group("x").members()))).toEqual(expected);
  }
}, 60_000);

test("a group of more members than one answer holds is told as of one moment", async () => {
  const world = await World.start();
  const [a, b] = await world.three({ sessionTtlMs: 30_000 });
  const meta = { text: "x".repeat(100_000) };
  const joining = Array.from({ length: 8 }, (_, n) => a.coord.group("x").join(meta, { id: `m${n}` }));
  const all = await world.until(Promise.all(joining));
  const members = await world.until(b.coord.group("x").members());
  expect(members).toEqual(all.map(({ member }) => member));
});

test("what is no member is not told, and a group leaves nothing behind", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const membership = await world.until(coord.group("x").join({}, { id: "m" }));
  await world.until(session.create("/group/x/a", '{"key":"a"}'));
  await world.until(session.create("/group/x/b", "not json", { ephemeral: true }));
  expect(await world.until(coord.group("x").members())).toEqual([membership.member]);
  await world.until(session.delete("/group/x/a"));
  await world.until(session.delete("/group/x/b"));
  await world.until(membership.leave());
  await world.pass(10_000);
  expect(await world.until(session.exists("/group/x"))).toBeNull();
});

test("names, ids and metadata are checked", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const bad = { code: "ERR_FLOTILLA_BAD_ARGUMENT" };
  expect(() => coord.group("a/b")).toThrow("one path segment");
  expect(await rejection(coord.group("x").join({}, { id: "" }))).toMatchObject(bad);
  for (const wrong of [null, 7, [], { load: 3 }])
    expect(await rejection(coord.group("x").join(wrong as never))).toMatchObject(bad);
  const membership = await world.until(coord.group("x").join());
  expect(await rejection(membership.update({ load: 3 } as never))).toMatchObject(bad);
});

test("leaving and updates end by the caller's bounds", async () => {
  const world = await World.start();
  const client = await world.client({ sessionTtlMs: 60_000 });
  const membership = await world.until(client.coord.group("x").join());
  world.isolate(client);
  const updating = rejection(membership.update({ a: "b" }, { timeoutMs: 300 }));
  await world.pass(350);
  expect(await isPending(updating)).toBe(false);
  expect(await updating).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  const stop = new AbortController();
  const leaving = rejection(membership.leave({ signal: stop.signal }));
  await world.pass(100);
  stop.abort();
  expect(await world.until(leaving)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  world.heal(client);
  await world.pass(2_000);
  expect(await world.until(client.coord.group("x").members())).toEqual([]);
});

test.each(noWaits)("a wait of %s is refused before anything is changed", async (_what, wait) => {
  const world = await World.start();
  const [a, b] = await world.three();
  const membership = await world.until(a.coord.group("web").join({ a: "1" }));
  const refused = await world.until(rejection(membership.update({ a: "2" }, wait)));
  expect(refused).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  await world.pass(1_000);
  expect(membership.signal.aborted).toBe(false);
  expect(await world.until(b.coord.group("web").members())).toMatchObject([{ meta: { a: "1" } }]);
});
