import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import type { Admin, AdminOptions } from "../../src/client/admin-api.ts";
import { dialServer } from "../../src/client/dialer.ts";
import { encodeAdminRequest } from "../../src/wire/admin-codec.ts";
import { adminProtocol } from "../../src/wire/admin-messages.ts";
import { Cluster } from "../server/cluster.ts";
import { counting } from "./counting-clock.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "fulfilled";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

/** A caller without types may hand over anything. */
function anything(value: unknown): never {
  return value as never;
}

/** An operator on a machine of its own. */
function operator(cluster: Cluster, options: Partial<AdminOptions> = {}): Admin {
  const host = cluster.kernel.node(`operator-${cluster.kernel.nodes().length}`).start();
  const endpoints = cluster.ids.map((id) => cluster.address(id));
  return admin({ host, endpoints, ...options });
}

/** Frames sent by hand; resolves with the reason the channel ended for. */
async function send(cluster: Cluster, to: string, frames: readonly Uint8Array[]): Promise<string> {
  const host = cluster.kernel.node(`stranger-${cluster.kernel.nodes().length}`).start();
  return cluster.until(
    new Promise<string>((resolve, reject) => {
      const signal = new AbortController().signal;
      dialServer(
        {
          host,
          address: cluster.address(to),
          protocol: adminProtocol,
          cluster: "flotilla",
          timeoutMs: 1_000,
          signal,
        },
        (channel) => {
          for (const frame of frames) channel.send(frame);
          return { message: () => {}, end: ({ reason }) => resolve(reason) };
        },
      ).catch(reject);
    }),
  );
}

async function three(options = {}): Promise<Cluster> {
  const cluster = new Cluster(3, options);
  await cluster.start();
  return cluster;
}

describe("an operator", () => {
  test("learns who belongs to the cluster, whomever it asks", async () => {
    const cluster = await three();
    const leader = await cluster.leader();
    await cluster.pass(500);
    for (const id of cluster.ids) {
      const found = await cluster.until(
        operator(cluster, { endpoints: [cluster.address(id)] }).members.list(),
      );
      expect(found.members.map((member) => [member.id, member.address, member.role])).toEqual(
        cluster.ids.map((each) => [each, cluster.address(each), "voter"]),
      );
      expect(found.historyId).toBe(cluster.node(leader).status().historyId);
      expect(found.version).toBeGreaterThan(0);
    }
  });

  test("hears from a node at an address what it is, without a quorum too", async () => {
    const cluster = new Cluster(3);
    await cluster.start(["n1"]);
    const report = await cluster.until(operator(cluster, { endpoints: ["n1:7000"] }).report());
    expect(report).toMatchObject({ type: "running", id: "n1", status: { leader: null } });
    expect(await cluster.until(codeOf(operator(cluster).report("n2:7000")))).toBe("ERR_FLOTILLA_UNREACHABLE");
  });

  test("hands leadership to the member named, and again is content", async () => {
    const cluster = await three();
    const before = await cluster.leader();
    const to = cluster.ids.find((id) => id !== before) ?? "";
    expect(await cluster.until(operator(cluster).transfer(to))).toBe(to);
    expect(cluster.node(to).status().role).toBe("leader");
    const { term } = cluster.node(to).status();
    expect(await cluster.until(operator(cluster).transfer(to))).toBe(to);
    expect(cluster.node(to).status().term).toBe(term);
  });

  test("hands leadership to whoever is closest", async () => {
    const cluster = await three();
    const before = await cluster.leader();
    const after = await cluster.until(operator(cluster).transfer());
    expect(after).not.toBe(before);
    expect(cluster.node(after).status().role).toBe("leader");
  });

  test("is told when there is no such member, or the member does not take over", async () => {
    const cluster = await three();
    const leader = await cluster.leader();
    expect(await cluster.until(codeOf(operator(cluster).transfer("n9")))).toBe("ERR_FLOTILLA_NOT_FOUND");
    const down = cluster.ids.find((id) => id !== leader) ?? "";
    cluster.kernel.node(down).crash({ powerOff: true });
    expect(await cluster.until(codeOf(operator(cluster).transfer(down)))).toBe(
      "ERR_FLOTILLA_NOT_TRANSFERRED",
    );
  });

  test("finds the leader through members that it was not told of", async () => {
    const cluster = await three();
    const leader = await cluster.leader();
    const other = cluster.ids.find((id) => id !== leader) ?? "";
    const named = operator(cluster, { endpoints: [cluster.address(other)] });
    await cluster.pass(500);
    expect(await cluster.until(named.transfer(other))).toBe(other);
  });

  test("waits for a leader within its time, and says when there is none", async () => {
    const cluster = new Cluster(3);
    await cluster.start(["n1"]);
    const asked = operator(cluster, { timeoutMs: 3_000 });
    const before = cluster.kernel.nowMs;
    expect(await cluster.until(codeOf(asked.members.list()))).toBe("ERR_FLOTILLA_NO_QUORUM");
    expect(cluster.kernel.nowMs - before).toBeGreaterThanOrEqual(3_000);
    expect(cluster.kernel.nowMs - before).toBeLessThan(5_500);
    const waiting = operator(cluster, { timeoutMs: 30_000 }).members.list();
    await cluster.start(["n2", "n3"]);
    expect((await cluster.until(waiting)).members).toHaveLength(3);
  });

  test("is told that it is open what became of a change, once a leader took it that could not commit it", async () => {
    const cluster = await three();
    const leader = await cluster.leader();
    await cluster.pass(500);
    const asked = operator(cluster, { timeoutMs: 8_000 });
    await cluster.until(asked.members.list());
    for (const id of cluster.ids) if (id !== leader) cluster.kernel.node(id).crash();
    const moving = asked.members
      .move(leader, "elsewhere:1", { force: true })
      .catch((error: unknown) => error);
    expect(await cluster.until(moving)).toMatchObject({ ambiguous: true });
  });

  test("with the wrong secret or cluster is turned away, and nobody is asked twice", async () => {
    const cluster = await three({ secret: "right" });
    await cluster.leader();
    const wrong = operator(cluster, { secret: "wrong", timeoutMs: 1_000 });
    expect(await cluster.until(codeOf(wrong.members.list()))).toBe("ERR_FLOTILLA_WRONG_SECRET");
    const foreign = operator(cluster, { secret: "right", cluster: "other", timeoutMs: 1_000 });
    expect(await cluster.until(codeOf(foreign.report()))).toBe("ERR_FLOTILLA_WRONG_CLUSTER");
    expect((await cluster.until(operator(cluster, { secret: "right" }).members.list())).members).toHaveLength(
      3,
    );
  });

  test("who gives up leaves no timer behind", async () => {
    const cluster = new Cluster(3);
    await cluster.start(["n1"]);
    const host = cluster.kernel.node("counted").start();
    const { clock, pending } = counting(host.clock);
    const stop = new AbortController();
    const asked = admin({ host: { ...host, clock }, endpoints: ["n1:7000", "n2:7000"], signal: stop.signal });
    const end = codeOf(asked.members.list());
    await cluster.pass(500);
    stop.abort();
    expect(await cluster.until(end)).toBe("ERR_FLOTILLA_ABORTED");
    expect(pending()).toBe(0);
    await cluster.until(asked.report().catch(() => {}));
    expect(pending()).toBe(0);
  });

  test.each<[string, unknown]>([
    ["no endpoints", { endpoints: [] }],
    ["no list", { endpoints: "n1:7000" }],
    ["an address that is none", { endpoints: ["n1"] }],
    ["a time that is none", { endpoints: ["n1:7000"], timeoutMs: -1 }],
    ["nothing", null],
  ])("is refused with %s", (_, options) => {
    expect(() => admin(options as AdminOptions)).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/ERR_FLOTILLA_BAD_(?:ARGUMENT|ADDRESS)/) as unknown,
      }),
    );
  });
});

describe("a member's door for operators", () => {
  test("ends a channel that asks twice at a time, sends what is no question, or says nothing", async () => {
    const cluster = await three();
    const leader = await cluster.leader();
    const transfer = encodeAdminRequest({ type: "transfer", to: "n9" }).slice();
    const describe = encodeAdminRequest({ type: "describe" }).slice();
    expect(await send(cluster, leader, [transfer, describe])).toBe("one question at a time");
    expect(await send(cluster, leader, [Uint8Array.of(1, 2, 3)])).toBe("not of this protocol");
    expect(await send(cluster, leader, [describe])).toBe("no question");
    expect(await send(cluster, leader, [])).toBe("no question");
    expect((await cluster.until(operator(cluster).members.list())).members).toHaveLength(3);
  });
});

test("what is no argument is refused by code, at once, and asks for nothing", async () => {
  const cluster = new Cluster(1);
  await cluster.start();
  await cluster.leader();
  const asked = operator(cluster);
  const { members } = asked;
  const incarnation = "0".repeat(32);
  const address = cluster.address("n1");
  const before = await cluster.until(asked.members.list());
  const calls: readonly (() => Promise<unknown>)[] = [
    () => asked.leaseTimes("abc"),
    () => asked.leaseTimes(anything(7)),
    () => asked.leaseReads(anything("yes")),
    () => asked.report(anything(7)),
    () => members.add(anything(7)),
    () => members.add(address, anything(null)),
    () => members.move("n1", anything(7)),
    () => members.move("n1", address, anything(null)),
    () => members.admit(anything(null)),
    () => members.admit(anything({ id: "n2" })),
    () => members.admit({ id: "n2", address, incarnation: "none" }),
    () => members.admit({ id: "n".repeat(600), address, incarnation }),
  ];
  const begun = cluster.kernel.nowMs;
  for (const call of calls) expect(await cluster.until(codeOf(call()))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  expect(cluster.kernel.nowMs - begun).toBeLessThan(1_000);
  expect(await cluster.until(asked.members.list())).toEqual(before);
});

/** How many bytes a backup has. */
async function backupBytes(asked: Admin): Promise<number> {
  let bytes = 0;
  for await (const piece of asked.saveSnapshot()) bytes += piece.length;
  return bytes;
}

test("a backup is made by a member that hears from the leader, whoever else answers", async () => {
  const cluster = await three();
  const leader = await cluster.leader();
  await cluster.until(cluster.node(leader).session.put("/a", "1"));
  const { network } = cluster.kernel;
  const lone = cluster.ids.find((id) => id !== leader) ?? "";
  for (const id of cluster.ids) if (id !== lone) network.cutBoth(id, lone);
  await cluster.join("n9", { join: [] });
  await cluster.pass(5_000);
  const endpoints = [...cluster.ids, "n9"].map((id) => cluster.address(id));
  const asked = operator(cluster, { endpoints });
  for (let k = 0; k < 8; k += 1) expect(await cluster.until(backupBytes(asked))).toBeGreaterThan(0);
  for (const a of cluster.ids) for (const b of cluster.ids) if (a !== b) network.cutBoth(a, b);
  await cluster.pass(5_000);
  const begun = cluster.kernel.nowMs;
  expect(await cluster.until(codeOf(backupBytes(operator(cluster, { endpoints, timeoutMs: 3_000 }))))).toBe(
    "ERR_FLOTILLA_NO_QUORUM",
  );
  expect(cluster.kernel.nowMs - begun).toBeLessThan(4_000);
});

test("members are compared by one that knows of them, whoever else answers", async () => {
  const cluster = await three();
  await cluster.leader();
  await cluster.join("n9", { join: [] });
  const endpoints = [...cluster.ids, "n9"].map((id) => cluster.address(id));
  const asked = operator(cluster, { endpoints });
  for (let k = 0; k < 8; k += 1) {
    const { members, agree } = await cluster.until(asked.compare());
    expect([members.length, agree]).toEqual([3, true]);
  }
});
