import { expect, test } from "vitest";
import type { Acl, Session, WatchEvent } from "../../src/client/index.ts";
import { digestId, openAcl, permissions } from "../../src/client/index.ts";
import { collect, rejection, World } from "./world.ts";

const ann = { user: "ann", password: "a" };
const bob = { user: "bob", password: "b" };
const own: Acl = [{ scheme: "auth", id: "", permissions: permissions.all }];
const digest = { scheme: "digest", id: digestId("ann", "a"), permissions: permissions.all } as const;
const denied = { code: "ERR_FLOTILLA_NO_AUTH" };

async function opened(): Promise<{ world: World; insider: Session; outsider: Session }> {
  const world = await World.start(3);
  const insider = await world.client({ auth: [ann] });
  const outsider = await world.client({ auth: [bob] });
  await world.until(insider.session.create("/open", "o"));
  await world.until(insider.session.create("/own", "x", { acl: own }));
  await world.until(insider.session.create("/own/child", "y", { acl: own }));
  await world.until(outsider.session.sync());
  return { world, insider: insider.session, outsider: outsider.session };
}

test("whoever is not granted to read is told nothing of a node, by no kind of read", async () => {
  const { world, insider, outsider } = await opened();
  const { revision } = await world.until(insider.set("/own", "x2"));
  const reads: ((session: Session) => Promise<unknown>)[] = [
    (session) => session.get("/own"),
    (session) => session.exists("/own"),
    (session) => session.children("/own"),
    (session) => session.usage("/own"),
    (session) => session.getAcl("/own"),
    (session) => session.get("/own", { level: "local" }),
    (session) => session.get("/own", { revision }),
    (session) => session.exists("/own", { revision }),
    (session) => session.children("/own", { revision }),
    (session) => session.history("/own"),
  ];
  for (const read of reads) {
    expect(await world.until(rejection(read(outsider)))).toMatchObject(denied);
    await world.until(read(insider));
  }
  expect((await world.until(outsider.children("/")))?.names).toContain("own");
  await world.until(insider.delete("/own/child"));
  const late = rejection(outsider.get("/own/child", { revision }));
  expect(await world.until(late)).toMatchObject(denied);
  expect(await world.until(outsider.get("/own/child"))).toBeNull();
});

test("whoever is not granted to change changes nothing", async () => {
  const { world, insider, outsider } = await opened();
  const writes = [
    () => outsider.set("/own", ""),
    () => outsider.put("/own", ""),
    () => outsider.create("/own/new", ""),
    () => outsider.delete("/own/child"),
    () => outsider.setAcl("/own", openAcl),
    () =>
      outsider.multi([
        { type: "set", path: "/open", value: "" },
        { type: "set", path: "/own", value: "" },
      ]),
  ];
  for (const write of writes) expect(await world.until(rejection(write()))).toMatchObject(denied);
  const nobody = rejection(outsider.create("/n", "", { acl: [] }));
  expect(await world.until(nobody)).toMatchObject({ code: "ERR_FLOTILLA_INVALID_ACL" });
  expect((await world.until(insider.get("/open")))?.stat.version).toBe(0);
});

test("a list is seen, changed under its version, and hides hashes from those who may not change it", async () => {
  const { world, insider, outsider } = await opened();
  expect(await world.until(insider.getAcl("/own"))).toMatchObject({ acl: [digest], stat: { aversion: 0 } });
  expect(await world.until(outsider.getAcl("/open"))).toMatchObject({ acl: openAcl });
  expect(await world.until(outsider.getAcl("/none"))).toBeNull();
  const acl: Acl = [digest, { scheme: "world", id: "anyone", permissions: permissions.read }];
  expect(await world.until(insider.setAcl("/own", acl, { aversion: 0 }))).toMatchObject({ aversion: 1 });
  const stale = rejection(insider.setAcl("/own", acl, { aversion: 0 }));
  expect(await world.until(stale)).toMatchObject({ code: "ERR_FLOTILLA_BAD_VERSION" });
  await world.until(outsider.sync());
  expect((await world.until(outsider.getAcl("/own")))?.acl[0]).toEqual({ ...digest, id: "ann:x" });
  expect((await world.until(outsider.get("/own")))?.stat.aversion).toBe(1);
});

async function watched(world: World, session: Session, from?: number): Promise<readonly WatchEvent[]> {
  const start = from === undefined ? {} : { from: { revision: from, ordinal: 0 } };
  const watch = await world.until(session.watch("/", { kind: "recursive", ...start }));
  return collect(watch).items;
}

function paths(events: readonly WatchEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "snapshot" ? event.nodes.map(({ path }) => path) : [`${event.type} ${event.path}`],
  );
}

test("a watch tells of no node that its session may not read: live, from history, in a snapshot", async () => {
  const { world, insider, outsider } = await opened();
  const { revision } = await world.until(insider.set("/open", "1"));
  const [seen, hidden] = [await watched(world, insider), await watched(world, outsider)];
  await world.until(insider.set("/own", "1"));
  await world.until(insider.delete("/own/child"));
  await world.until(insider.set("/open", "2"));
  await world.pass(1_000);
  expect(paths(seen)).toEqual(["changed /own", "deleted /own/child", "changed /open"]);
  expect(paths(hidden)).toEqual(["changed /open"]);
  const [replayed, filtered] = [
    await watched(world, insider, revision),
    await watched(world, outsider, revision),
  ];
  const initial = collect(await world.until(outsider.watch("/", { kind: "recursive", initial: true }))).items;
  await world.pass(1_000);
  expect(paths(replayed)).toEqual(paths(seen));
  expect(paths(filtered)).toEqual(paths(hidden));
  expect(paths(initial)).toContain("/open");
  expect(paths(initial)).not.toContain("/own");
});

test("the snapshot of a watch shows no node that its session may not read, whatever the kind", async () => {
  const { world, insider, outsider } = await opened();
  for (const kind of ["data", "children", "recursive"] as const) {
    const [seen, hidden] = [
      collect(await world.until(insider.watch("/own", { kind, initial: true }))).items,
      collect(await world.until(outsider.watch("/own", { kind, initial: true }))).items,
    ];
    await world.pass(1_000);
    expect(paths(seen)).toContain("/own");
    expect(hidden).toMatchObject([{ type: "snapshot", nodes: [] }]);
  }
});

test("a watch that resumes tells of no node that was closed to its session since, but of the end of one before it", async () => {
  const { world, insider, outsider } = await opened();
  const { revision } = await world.until(insider.set("/open", "1"));
  await world.until(insider.create("/late", "was open"));
  await world.until(insider.set("/late", "was open, too"));
  await world.until(insider.delete("/open"));
  await world.until(insider.create("/open", "is not", { acl: own }));
  await world.until(insider.setAcl("/late", own));
  await world.until(outsider.sync());
  expect(await world.until(rejection(outsider.get("/late")))).toMatchObject(denied);
  const [seen, told] = [await watched(world, insider, revision), await watched(world, outsider, revision)];
  await world.pass(1_000);
  expect(paths(told)).toEqual(["deleted /open"]);
  expect(paths(seen)).toEqual(["created /late", "changed /late", "deleted /open", "created /open"]);
});

test("a session stays who it is on every server, and is nobody without a password", async () => {
  const world = await World.start(3);
  const holder = await world.client({ auth: [ann] });
  const nobody = await world.client();
  await world.until(holder.session.create("/own", "x", { acl: own }));
  for (let round = 0; round < 4; round += 1) {
    world.reset(holder);
    await world.until(holder.session.set("/own", `${round}`));
  }
  expect(await world.until(rejection(nobody.session.get("/own")))).toMatchObject(denied);
  const auth = rejection(nobody.session.create("/mine", "", { acl: own }));
  expect(await world.until(auth)).toMatchObject({ code: "ERR_FLOTILLA_INVALID_ACL" });
  for (const bad of [[], [{ user: "a:b", password: "x" }], [{ user: "", password: "x" }], "ann"])
    await expect(world.client({ auth: bad as never })).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
    });
});
