import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import type { Admin, Membership } from "../../src/client/admin-api.ts";
import type { StartOptions } from "../../src/server/api.ts";
import { inspectData, makeJoiner } from "../../src/server/offline.ts";
import { Cluster } from "./cluster.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "fulfilled";
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return error.code;
  }
}

/** Three founders, and an operator on a machine of its own. */
class Site extends Cluster {
  readonly operator: Admin;

  constructor(options: Partial<StartOptions> = {}) {
    super(3, options);
    const host = this.kernel.node("operator").start();
    const { secret } = options;
    const known = secret === undefined ? {} : { secret };
    this.operator = admin({ host, endpoints: this.ids.map((id) => this.address(id)), ...known });
  }

  static async open(options: Partial<StartOptions> = {}): Promise<Site> {
    const site = new Site(options);
    await site.start();
    await site.leader();
    await site.until(site.node("n1").session.put("/a", "1", { timeoutMs: 30_000 }));
    return site;
  }

  /** The members as the operator sees them, as `id:role`. */
  async roles(): Promise<string[]> {
    return rolesOf(await this.until(this.operator.members.list()));
  }

  /** Until the members are these. */
  async become(...roles: string[]): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      if ((await this.roles()).join() === roles.join()) return;
      await this.pass(200);
    }
    expect(await this.roles()).toEqual(roles);
  }

  /** Until all of these hold the same. */
  async agree(...ids: string[]): Promise<void> {
    for (const id of ids) await this.until(this.node(id).session.sync({ timeoutMs: 60_000 }));
    await this.pass(1_000);
    expect(new Set(ids.map((id) => this.node(id).status().digest)).size).toBe(1);
  }
}

function rolesOf({ members }: Membership): string[] {
  return members.map(({ id, role }) => `${id}:${role}`);
}

describe("a node that joins", () => {
  test("asks one member, follows, and votes once it has caught up", async () => {
    const site = await Site.open();
    await site.join("n4", { join: [site.address("n2")] });
    await site.become("n1:voter", "n2:voter", "n3:voter", "n4:voter");
    await site.until(site.node("n4").session.put("/b", "2", { timeoutMs: 60_000 }));
    await site.agree("n1", "n2", "n3", "n4");
    expect(await site.until(site.operator.transfer("n4"))).toBe("n4");
  });

  test("stays a learner when it wants to, until it is promoted", async () => {
    const site = await Site.open();
    await site.join("n4", { join: [site.address("n1")], learner: true });
    await site.become("n1:voter", "n2:voter", "n3:voter", "n4:learner");
    await site.agree("n1", "n4");
    await site.pass(5_000);
    expect(await site.roles()).toContain("n4:learner");
    expect(rolesOf(await site.until(site.operator.members.promote("n4")))).toContain("n4:voter");
    expect(rolesOf(await site.until(site.operator.members.promote("n4")))).toContain("n4:voter");
    expect(rolesOf(await site.until(site.operator.members.demote("n4")))).toContain("n4:learner");
  });

  test("waits to be added when it asks nobody", async () => {
    const site = await Site.open({ secret: "s3cret" });
    await site.join("n4", { join: [] });
    await site.pass(5_000);
    expect(await site.roles()).toEqual(["n1:voter", "n2:voter", "n3:voter"]);
    expect(await site.until(site.operator.report(site.address("n4")))).toMatchObject({
      type: "running",
      id: "n4",
      membership: { members: [] },
    });
    const { members } = site.operator;
    expect(await site.until(codeOf(members.add(site.address("n4"), { id: "n5" })))).toBe(
      "ERR_FLOTILLA_BAD_ARGUMENT",
    );
    expect(rolesOf(await site.until(members.add(site.address("n4"), { id: "n4" })))).toHaveLength(4);
    await site.become("n1:voter", "n2:voter", "n3:voter", "n4:voter");
  });

  test("goes on asking after a crash, and asks no more once it is a member", async () => {
    const site = await Site.open();
    const leader = await site.leader();
    for (const id of site.ids) if (id !== leader) site.kernel.node(id).crash();
    await site.join("n4", { join: [site.address(leader)] });
    await site.pass(3_000);
    site.kernel.node("n4").crash();
    await site.start(site.ids.filter((id) => id !== leader));
    await site.join("n4", { join: [site.address(leader)] });
    await site.become("n1:voter", "n2:voter", "n3:voter", "n4:voter");
    site.kernel.node("n4").crash();
    // Whom it is told to ask means nothing any more.
    await site.join("n4", { join: ["nobody:7000"] });
    await site.agree("n1", "n4");
  });

  test("hears that it was taken out again before it knew that it was in, and stops", async () => {
    const site = await Site.open();
    await site.join("n4", { join: [] });
    const report = await site.until(site.operator.report(site.address("n4")));
    const incarnation = report.type === "running" ? report.incarnation : "";
    site.kernel.network.isolate("n4");
    const { members } = site.operator;
    await site.until(members.admit({ id: "n4", address: site.address("n4"), incarnation }));
    site.kernel.node("n4").crash();
    await site.until(members.remove("n4"));
    site.kernel.network.healAll();
    await site.pass(10_000);
    await site.join("n4", { join: [site.address("n1")] });
    expect(await site.until(site.node("n4").closed)).toEqual({ type: "removed" });
    expect(await site.roles()).toEqual(["n1:voter", "n2:voter", "n3:voter"]);
  });

  test("does not take the place of a member with other data", async () => {
    const site = await Site.open();
    await site.leader();
    site.kernel.node("n3").crash();
    site.kernel.node("n3").disk.wipe();
    await site.join("n3", { join: [site.address("n1")] });
    await site.pass(10_000);
    const { members } = await site.until(site.operator.members.list());
    const report = await site.until(site.operator.report(site.address("n3")));
    const incarnation = report.type === "running" ? report.incarnation : "";
    expect(members.find(({ id }) => id === "n3")?.incarnation).not.toBe(incarnation);
    const add = site.operator.members.add(site.address("n3"));
    expect(await site.until(codeOf(add))).toBe("ERR_FLOTILLA_EXISTS");
  });
});

describe("a member that lost its data", () => {
  test("comes back with new data in its place, and votes again", async () => {
    const site = await Site.open();
    site.kernel.node("n3").crash();
    site.kernel.node("n3").disk.wipe();
    const incarnation = await site.offline("n3", ({ host, dataDir }) =>
      makeJoiner({ host, dataDir, id: "n3" }),
    );
    const again = await site.offline("n3", ({ host, dataDir }) => makeJoiner({ host, dataDir, id: "n3" }));
    expect(again).toBe(incarnation);
    const newcomer = { id: "n3", address: site.address("n3"), incarnation };
    const { members } = site.operator;
    expect(await site.until(codeOf(members.admit(newcomer)))).toBe("ERR_FLOTILLA_EXISTS");
    const changed = await site.until(members.admit(newcomer, { replace: true }));
    expect(rolesOf(changed)).toContain("n3:learner");
    // As it was started before: the data says the rest.
    await site.start(["n3"]);
    await site.become("n1:voter", "n2:voter", "n3:voter");
    await site.agree("n1", "n2", "n3");
    site.kernel.node("n1").crash();
    await site.until(site.node("n3").session.put("/b", "2", { timeoutMs: 60_000 }));
    site.kernel.node("n3").crash();
    expect(await site.offline("n3", inspectData)).toMatchObject({ type: "whole", incarnation });
  });
});

describe("a member that is taken out", () => {
  test("is gone, whoever led, also when it does not run", async () => {
    const site = await Site.open();
    const leader = await site.leader();
    const [other, last] = site.ids.filter((id) => id !== leader);
    site.kernel.node(other!).crash();
    expect(rolesOf(await site.until(site.operator.members.remove(other!)))).toHaveLength(2);
    expect(rolesOf(await site.until(site.operator.members.remove(leader)))).toEqual([`${last}:voter`]);
    expect(await site.until(site.node(leader).closed)).toEqual({ type: "removed" });
    await site.until(site.node(last!).session.put("/b", "2", { timeoutMs: 60_000 }));
    expect(await site.until(codeOf(site.operator.members.remove("n9")))).toBe("ERR_FLOTILLA_NOT_FOUND");
    expect(await site.until(codeOf(site.operator.members.remove(last!)))).toBe("ERR_FLOTILLA_BAD_CHANGE");
    await site.until(site.node(last!).session.put("/c", "3", { timeoutMs: 60_000 }));
  });

  test("may leave by itself: a leader hands over first, and all stop in order", async () => {
    const site = await Site.open();
    const leader = await site.leader();
    const rest = site.ids.filter((id) => id !== leader);
    await site.until(site.node(leader).leave());
    expect((await site.until(site.node(leader).closed)).type).not.toBe("failed");
    await site.become(...rest.map((id) => `${id}:voter`));
    await site.until(site.node(rest[0]!).session.put("/b", "2", { timeoutMs: 60_000 }));
    await site.until(site.operator.leave(rest[0]!));
    expect((await site.until(site.node(rest[0]!).closed)).type).not.toBe("failed");
    await site.become(`${rest[1]}:voter`);
    expect(await site.until(codeOf(site.node(rest[1]!).leave()))).toBe("ERR_FLOTILLA_BAD_CHANGE");
    await site.until(site.node(rest[1]!).session.put("/c", "3", { timeoutMs: 60_000 }));
  });

  test("stays a member when nobody can agree to that", async () => {
    const site = await Site.open({ timeoutMs: 3_000 });
    const leader = await site.leader();
    for (const id of site.ids) if (id !== leader) site.kernel.node(id).crash({ powerOff: true });
    await site.pass(5_000);
    expect(await site.until(codeOf(site.node(leader).leave()))).toBe("ERR_FLOTILLA_NO_QUORUM");
    await site.start(site.ids.filter((id) => id !== leader));
    await site.until(site.node(leader).session.put("/b", "2", { timeoutMs: 60_000 }));
    expect(await site.roles()).toHaveLength(3);
  });
});

test("a member is not moved to where it does not answer, nobody can be reached, or another is", async () => {
  const site = await Site.open();
  const { members } = await site.until(site.operator.members.list());
  const [moved, other] = members;
  const move = (address: string, force = false): Promise<string> =>
    site.until(codeOf(site.operator.members.move(moved?.id ?? "", address, { force })));
  expect(await move("elsewhere:7000")).toBe("ERR_FLOTILLA_UNREACHABLE");
  expect(await move(other?.address ?? "")).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  for (const address of [other?.address ?? "", "elsewhere:0", "0.0.0.0:7000", "[::]:7000"])
    expect(await move(address, true)).toBe("ERR_FLOTILLA_BAD_CHANGE");
  expect((await site.until(site.operator.members.list())).members).toEqual(members);
  expect(await move(moved?.address ?? "")).toBe("fulfilled");
});

test("a setting of the whole cluster, and an address, change once", async () => {
  const site = await Site.open();
  expect((await site.until(site.operator.leaseReads(true))).leaseReads).toBe(true);
  const { version } = await site.until(site.operator.leaseReads(true));
  expect((await site.until(site.operator.leaseReads(false))).version).toBeGreaterThan(version);
  const follower = site.ids.find((id) => site.node(id).status().role !== "leader") ?? "";
  const moved = await site.until(site.operator.members.move(follower, "elsewhere:7000", { force: true }));
  expect(moved.members.find(({ id }) => id === follower)?.address).toBe("elsewhere:7000");
  expect(await codeOf(site.operator.members.move(follower, "elsewhere"))).toBe("ERR_FLOTILLA_BAD_ADDRESS");
});

test.each([
  ["its time is over", { timeoutMs: 100 }, "ERR_FLOTILLA_TIMEOUT"],
  ["its signal fires", {}, "ERR_FLOTILLA_ABORTED"],
] as const)("leaving ends when %s, also while it hands over", async (_, options, code) => {
  const cluster = new Cluster(3);
  await cluster.start();
  const leader = await cluster.leader();
  await cluster.pass(1_000);
  const node = cluster.node(leader);
  const { network } = cluster.kernel;
  for (const id of cluster.ids) if (id !== leader) network.cutBoth(id, leader);
  const stop = new AbortController();
  const begunMs = cluster.kernel.nowMs;
  const leaving = codeOf(node.leave({ signal: stop.signal, ...options }));
  await cluster.pass(150);
  stop.abort();
  expect(await cluster.until(leaving)).toBe(code);
  expect(cluster.kernel.nowMs - begunMs).toBeLessThan(200);
  network.healAll();
  await cluster.pass(5_000);
  expect(node.status().members.length).toBe(3);
  await cluster.until(node.leave());
});
