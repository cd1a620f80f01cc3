import { openAcl } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { admin, jsonCodec, nodeStatus } from "../../src/client/index.ts";
import type { CallOptions } from "../../src/client/read-api.ts";
import type { StandardSchema } from "../../src/client/schema.ts";
import { ClusterAdmin } from "../../src/client/admin.ts";
import type { Session } from "../../src/client/api.ts";
import { coordOver } from "../../src/client/coord.ts";
import { NamespacedSession } from "../../src/client/namespaced-session.ts";
import { ClientSession } from "../../src/client/session.ts";
import type { Coord } from "../../src/server/api.ts";
import { adminProtocol } from "../../src/wire/admin-messages.ts";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import { Kernel } from "@flotilla/runtime/sim";
import { Cluster } from "../server/cluster.ts";
import { FakeCluster } from "./fake-cluster.ts";

type Bounded<T> = (of: T, options: CallOptions) => Promise<unknown>;

const id = "0".repeat(32);

const anything: StandardSchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

const sessionCalls: Readonly<Record<string, Bounded<Session>>> = {
  get: (session, options) => session.get("/a", options),
  exists: (session, options) => session.exists("/a", options),
  children: (session, options) => session.children("/a", options),
  childNodes: (session, options) => session.childNodes("/a", options),
  history: (session, options) => session.history("/a", options),
  usage: (session, options) => session.usage("/a", options),
  sessions: (session, options) => session.sessions(options),
  leases: (session, options) => session.leases(options),
  grant: (session, options) => session.grant(5_000, options),
  doom: (session, options) => session.doom(id, options),
  create: (session, options) => session.create("/a", "", options),
  set: (session, options) => session.set("/a", "", options),
  put: (session, options) => session.put("/a", "", options),
  add: (session, options) => session.add("/a", 1, options),
  setAcl: (session, options) => session.setAcl("/a", openAcl, options),
  setBudget: (session, options) => session.setBudget("/a", { nodes: { hard: 1 } }, options),
  getBudget: (session, options) => session.getBudget("/a", options),
  budgets: (session, options) => session.budgets("/a", options),
  getAcl: (session, options) => session.getAcl("/a", options),
  delete: (session, options) => session.delete("/a", options),
  multi: (session, options) => session.multi([{ type: "delete", path: "/a" }], options),
  watch: (session, options) => session.watch("/a", options),
  sync: (session, options) => session.sync(options),
  status: (session, options) => session.status(options),
};

/** Ends in any case, does nothing before it is called, or ends by its signal alone. */
const sessionOthers = ["close", "open", "onState", "states"];

const coordCalls: Readonly<Record<string, Bounded<Coord>>> = {
  "election campaign": (coord, options) => coord.election("x").campaign(options),
  "election leader": (coord, options) => coord.election("x").leader(options),
  "election candidates": (coord, options) => coord.election("x").candidates(options),
  "election evict": (coord, options) => coord.election("x").evict(options),
  "lock acquire": (coord, options) => coord.lock("x").acquire(options),
  "lock tryAcquire": (coord, options) => coord.lock("x").tryAcquire(options),
  "lock run": (coord, options) => coord.lock("x").run(() => {}, options),
  "lock inspect": (coord, options) => coord.lock("x").inspect(options),
  "lock askBack": (coord, options) => coord.lock("x").askBack(options),
  "reentrant acquire": (coord, options) => coord.lock("x", { reentrant: true }).acquire(options),
  "semaphore acquire": (coord, options) => coord.semaphore("x", { permits: 2 }).acquire(options),
  "write acquire": (coord, options) => coord.readWriteLock("x").write.acquire(options),
  "lockSet acquire": (coord, options) => coord.lockSet([coord.lock("x"), coord.lock("y")]).acquire(options),
  "lockSet tryAcquire": (coord, options) => coord.lockSet([coord.lock("x")]).tryAcquire(options),
  "registry register": (coord, options) => coord.registry.register({ name: "x", address: "h:1" }, options),
  "registry find": (coord, options) => coord.registry.find("x", options),
  "barrier set": (coord, options) => coord.barrier("x").set(options),
  "barrier lift": (coord, options) => coord.barrier("x").lift(options),
  "barrier isSet": (coord, options) => coord.barrier("x").isSet(options),
  "barrier wait": (coord, options) => coord.barrier("x").wait(options),
  "doubleBarrier enter": (coord, options) => coord.doubleBarrier("x", { parties: 2 }).enter(options),
  "latch countDown": (coord, options) => coord.latch("x", { count: 2 }).countDown(options),
  "latch remaining": (coord, options) => coord.latch("x", { count: 2 }).remaining(options),
  "latch wait": (coord, options) => coord.latch("x", { count: 2 }).wait(options),
  "latch clear": (coord, options) => coord.latch("x", { count: 2 }).clear(options),
  "config get": (coord, options) => coord.config("x", { schema: anything }).get(options),
  "config set": (coord, options) => coord.config("x", { schema: anything }).set(1, options),
  "config update": (coord, options) => coord.config("x", { schema: anything }).update(() => 1, options),
  "config draft": (coord, options) => coord.config("x", { schema: anything }).draft(1, options),
  "config history": (coord, options) => coord.config("x", { schema: anything }).history(options),
  "config diff": (coord, options) => coord.config("x", { schema: anything }).diff(1, 2, options),
  "config rollback": (coord, options) => coord.config("x", { schema: anything }).rollback(1, options),
  "group join": (coord, options) => coord.group("x").join({}, options),
  "group members": (coord, options) => coord.group("x").members(options),
  "counter add": (coord, options) => coord.counter("x").add(1, options),
  "counter get": (coord, options) => coord.counter("x").get(options),
  "ids next": (coord, options) => coord.ids("x").next(options),
  "ids take": (coord, options) => coord.ids("x", { block: 10 }).take(2, options),
  "shards owner": (coord, options) => coord.shards("x", { count: 2 }).owner(1, options),
  "shards map": (coord, options) => coord.shards("x", { count: 2 }).map(options),
  "queue put": (coord, options) => coord.queue("x").put(1, options),
  "queue put into a bounded one": (coord, options) => coord.queue("x", { maxItems: 5 }).put(1, options),
  "queue take": (coord, options) => coord.queue("x").take(options),
  "queue size": (coord, options) => coord.queue("x").size(options),
  "queue inspect": (coord, options) => coord.queue("x").inspect(options),
  "dead letters list": (coord, options) => coord.queue("x").deadLetters.list(options),
  "dead letters requeue": (coord, options) =>
    coord.queue("x").deadLetters.requeue("00-0000000000-0000000000", options),
  "dead letters discard": (coord, options) =>
    coord.queue("x").deadLetters.discard("00-0000000000-0000000000", options),
  "cron history": (coord, options) => coord.cron("x", { schedule: "* * * * *" }).history(options),
  "cron forget": (coord, options) => coord.cron("x", { schedule: "* * * * *" }).forget(options),
  "keeper scale": (coord, options) => coord.keeper("x").scale(2, options),
  "keeper unscale": (coord, options) => coord.keeper("x").scale(null, options),
  "keeper status": (coord, options) => coord.keeper("x").status(options),
  "values get": (coord, options) => coord.values(jsonCodec()).get("/a", options),
  "values create": (coord, options) => coord.values(jsonCodec()).create("/a", 1, options),
  "values set": (coord, options) => coord.values(jsonCodec()).set("/a", 1, options),
  "values put": (coord, options) => coord.values(jsonCodec()).put("/a", 1, options),
  namespace: (coord, options) => coord.namespace("/app", options),
};

/** Methods by name, accessors and the constructor left out. */
function methodsOf(type: { readonly prototype: object }): readonly string[] {
  const all = Object.entries(Object.getOwnPropertyDescriptors(type.prototype));
  return all.flatMap(([name, { value }]) =>
    typeof value === "function" && name !== "constructor" ? [name] : [],
  );
}

/** Servers that took the session and then fall silent, but for its lease. */
async function silent(): Promise<{ readonly cluster: FakeCluster; readonly coord: Coord }> {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  Object.assign(cluster.manners, { apply: false, answer: false, read: false, arm: false });
  return { cluster, coord: coordOver(session, cluster.host, () => session.close()) };
}

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "resolved";
  } catch (error) {
    if (FlotillaError.is(error)) return error.code;
    throw error;
  }
}

test("no call of a session is left out here", () => {
  const tested = [...Object.keys(sessionCalls), ...sessionOthers].toSorted();
  expect(methodsOf(ClientSession).toSorted()).toEqual(tested);
  const own = ["below", "whole"];
  expect(
    methodsOf(NamespacedSession)
      .filter((name) => !own.includes(name))
      .toSorted(),
  ).toEqual(tested.filter((name) => name !== "open"));
});

const onSessions: [string, Bounded<Coord>][] = [
  ...Object.entries(sessionCalls).map(([name, call]): [string, Bounded<Coord>] => [
    name,
    ({ session }, options) => call(session, options),
  ]),
  ...Object.entries(coordCalls),
];

test.each(onSessions)("%s does nothing for a signal that fired before", async (_, call) => {
  const { cluster, coord } = await silent();
  const before = cluster.last.received.length;
  const signal = AbortSignal.abort();
  expect(await cluster.until(codeOf(() => call(coord, { signal })))).toBe("ERR_FLOTILLA_ABORTED");
  const sent = cluster.last.received.slice(before).map(({ type }) => type);
  expect(sent.filter((type) => type !== "renew" && type !== "ping")).toEqual([]);
});

test.each(onSessions)("%s ends with its signal while nobody answers", async (_, call) => {
  const { cluster, coord } = await silent();
  const stop = new AbortController();
  const called = codeOf(() => call(coord, { signal: stop.signal }));
  await cluster.pass(500);
  stop.abort();
  expect(await cluster.until(called, 100)).toBe("ERR_FLOTILLA_ABORTED");
});

test.each(onSessions)("%s ends with its time while nobody answers", async (_, call) => {
  const { cluster, coord } = await silent();
  const begunMs = cluster.kernel.nowMs;
  const code = await cluster.until(
    codeOf(() => call(coord, { timeoutMs: 700 })),
    5_000,
  );
  expect(code).toBe("ERR_FLOTILLA_TIMEOUT");
  expect(cluster.kernel.nowMs - begunMs).toBeLessThanOrEqual(701);
});

test("closing ends with its signal and its time", async () => {
  for (const options of [{ timeoutMs: 700 }, { signal: AbortSignal.abort() }, {}]) {
    const { cluster, coord } = await silent();
    await cluster.until(coord.session.close(options), options.timeoutMs === undefined ? 2_100 : 800);
    expect(coord.session.state).toBe("closed");
  }
});

const adminCalls: Readonly<Record<string, (of: ClusterAdmin) => Promise<unknown>>> = {
  report: (of) => of.report(),
  list: (of) => of.list(),
  add: (of) => of.add("mute:7000"),
  admit: (of) => of.admit({ id: "n", address: "mute:7000", incarnation: id }),
  promote: (of) => of.promote("n"),
  demote: (of) => of.demote("n"),
  move: (of) => of.move("n", "mute:7000"),
  leaseReads: (of) => of.leaseReads(true),
  remove: (of) => of.remove("n"),
  compare: (of) => of.compare(),
  saveSnapshot: (of) => of.saveSnapshot().next(),
  transfer: (of) => of.transfer(),
  leave: (of) => of.leave("n"),
  leaseTimes: (of) => of.leaseTimes(),
};

/** A node that takes every channel and never says anything. */
async function mute(): Promise<{ readonly kernel: Kernel; readonly host: ReturnType<Kernel["node"]> }> {
  const kernel = new Kernel({ seed: "mute" });
  const { network } = kernel.node("mute").start();
  const protocols = [adminProtocol, "flotilla-client-1"];
  await kernel.until(
    network.listen({ address: "mute:7000", protocols, maxFrameBytes }, (channel) =>
      channel.handle({ message: () => {}, end: () => {} }),
    ),
  );
  return { kernel, host: kernel.node("op") };
}

test("no call of an operator is left out here", () => {
  expect(methodsOf(ClusterAdmin).toSorted()).toEqual(Object.keys(adminCalls).toSorted());
});

test.each(Object.entries(adminCalls))("%s of an operator ends while nobody answers", async (_, call) => {
  const { kernel, host } = await mute();
  const options = { host: host.start(), endpoints: ["mute:7000"] };
  const ended = ["ERR_FLOTILLA_TIMEOUT", "ERR_FLOTILLA_UNREACHABLE"];
  const late = admin({ ...options, timeoutMs: 700 }) as ClusterAdmin;
  expect(ended).toContain(
    await kernel.until(
      codeOf(() => call(late)),
      1_000,
    ),
  );
  const stop = new AbortController();
  const stopped = codeOf(() => call(admin({ ...options, signal: stop.signal }) as ClusterAdmin));
  await kernel.run({ untilMs: kernel.nowMs + 500 });
  stop.abort();
  expect(await kernel.until(stopped, 100)).toBe("ERR_FLOTILLA_ABORTED");
  expect(await codeOf(async () => admin({ ...options, signal: stop.signal }))).toBe("ERR_FLOTILLA_ABORTED");
});

test("all that an operator's call asks, one after the other, shares its time", async () => {
  const cluster = new Cluster(1);
  await cluster.start();
  await cluster.leader();
  const host = cluster.kernel.node("op").start();
  const options = { host, endpoints: [cluster.address("n1")] };
  cluster.kernel.network.link("n1", "op").extraMs = 100;
  const begunMs = cluster.kernel.nowMs;
  await cluster.until(admin(options).members.list());
  const roundMs = cluster.kernel.nowMs - begunMs;
  const { members } = admin({ ...options, timeoutMs: roundMs * 1.5 });
  expect(await cluster.until(codeOf(() => members.list()))).toBe("resolved");
  for (const call of [() => members.add("n1:7000"), () => members.move("n1", "n1:7000")])
    expect(await cluster.until(codeOf(call))).toBe("ERR_FLOTILLA_TIMEOUT");
});

test("asking for the status ends while nobody answers", async () => {
  const { kernel, host } = await mute();
  const options = { host: host.start(), endpoints: ["mute:7000"] };
  const late = codeOf(() => nodeStatus({ ...options, connectTimeoutMs: 700 }));
  expect(["ERR_FLOTILLA_TIMEOUT", "ERR_FLOTILLA_UNREACHABLE"]).toContain(await kernel.until(late, 1_000));
  const stop = new AbortController();
  const stopped = codeOf(() => nodeStatus({ ...options, signal: stop.signal }));
  await kernel.run({ untilMs: kernel.nowMs + 500 });
  stop.abort();
  expect(await kernel.until(stopped, 100)).toBe("ERR_FLOTILLA_ABORTED");
});

test("opening a further session and leaving end with their signal and their time", async () => {
  const three = new Cluster(3);
  await three.start();
  await three.leader();
  await three.pass(1_000);
  const node = three.node("n1");
  three.kernel.node("n2").crash();
  three.kernel.node("n3").crash();
  await three.pass(5_000);
  for (const call of [
    (options: CallOptions) => node.connect(options),
    (options: CallOptions) => node.leave(options),
  ]) {
    expect(await codeOf(() => call({ signal: AbortSignal.abort() }))).toBe("ERR_FLOTILLA_ABORTED");
    const stop = new AbortController();
    const stopped = codeOf(() => call({ signal: stop.signal }));
    await three.pass(500);
    stop.abort();
    expect(await three.kernel.until(stopped, 100)).toBe("ERR_FLOTILLA_ABORTED");
    const begunMs = three.kernel.nowMs;
    const code = await three.until(codeOf(() => call({ timeoutMs: 700 })));
    expect(["ERR_FLOTILLA_NO_QUORUM", "ERR_FLOTILLA_UNREACHABLE"]).toContain(code);
    expect(three.kernel.nowMs - begunMs).toBeLessThanOrEqual(701);
  }
});
