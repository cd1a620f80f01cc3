import type { Configuration } from "@flotilla/raft";
import { silentLogger } from "@flotilla/runtime";
import { decodeCommand, encodeCommand, Machine, snapshotFormat } from "@flotilla/kv";
import { describe, expect, test } from "vitest";
import { admin } from "../../src/client/admin.ts";
import type { Admin } from "../../src/client/admin-api.ts";
import { Comparer } from "../../src/server/comparer.ts";
import { decodeDigestPoint, encodeDigestPoint, isDigestPoint } from "../../src/server/digest-codec.ts";
import { encodeMemberMessage } from "../../src/server/renewal-codec.ts";
import type { NodeHooks } from "../../src/server/node.ts";
import { Cluster } from "./cluster.ts";
import { FakeClock } from "./fake-clock.ts";

const good = "a".repeat(16);
const bad = "b".repeat(16);

/** The comparer of n1, and what it told. */
class Bench {
  readonly clock = new FakeClock();
  readonly sent: [to: string, commands: number][] = [];
  readonly failed: Error[] = [];
  readonly complaints: unknown[] = [];
  readonly machine = { applied: 0, digest: () => good };
  readonly comparer: Comparer;
  readonly #configuration: Configuration;

  constructor(...voters: string[]) {
    const members = voters.map((id) => ({ id, address: "", incarnation: "" }));
    this.#configuration = {
      index: 1,
      historyId: "",
      voters: members,
      outgoing: [],
      learners: [],
      leaseReads: false,
    };
    this.comparer = new Comparer({
      nodeId: "n1",
      clock: this.clock,
      machine: this.machine,
      logger: { ...silentLogger, error: (fields: unknown) => void this.complaints.push(fields) },
      raft: {
        send: (to, payload) => void this.sent.push([to, decodeDigestPoint(payload)?.commands ?? -1]),
        fail: (error) => void this.failed.push(error),
      },
    });
  }

  become(role: "leader" | "follower"): void {
    this.comparer.onStatus({ role, configuration: this.#configuration });
  }

  apply(count: number): void {
    for (let k = 0; k < count; k += 1) {
      this.machine.applied += 1;
      this.comparer.onApplied();
    }
  }
}

describe("a comparer", () => {
  test("tells the others at every 4,096th command, and a leader 5 s after a command", async () => {
    const bench = new Bench("n1", "n2", "n3");
    bench.become("follower");
    bench.apply(4_095);
    expect(bench.sent).toEqual([]);
    bench.apply(1);
    expect(bench.sent).toEqual([
      ["n2", 4_096],
      ["n3", 4_096],
    ]);
    bench.apply(4_096);
    expect(bench.sent.slice(2).map(([, commands]) => commands)).toEqual([8_192, 8_192]);
    await bench.clock.advance(60_000);
    expect(bench.sent.length).toBe(4);
    bench.become("leader");
    bench.apply(3);
    await bench.clock.advance(4_999);
    expect(bench.sent.length).toBe(4);
    await bench.clock.advance(1);
    expect(bench.sent.slice(4).map(([, commands]) => commands)).toEqual([8_195, 8_195]);
    // Nothing more while nothing is applied.
    await bench.clock.advance(600_000);
    expect(bench.sent.length).toBe(6);
  });

  test("says nothing of what a starting member applies again", () => {
    const bench = new Bench("n1", "n2");
    bench.apply(5_000);
    expect([bench.sent, bench.comparer.points().length]).toEqual([[], 1]);
  });

  test("tells where another did, once it is there, and not once it is past", () => {
    const bench = new Bench("n1", "n2", "n3");
    bench.become("follower");
    bench.apply(10);
    bench.comparer.receive("n2", { commands: 10, digest: good });
    bench.comparer.receive("n2", { commands: 12, digest: good });
    bench.comparer.receive("n2", { commands: 14, digest: good });
    bench.comparer.receive("n3", { commands: 12, digest: good });
    bench.comparer.receive("n3", { commands: 9, digest: bad });
    bench.apply(6);
    expect(bench.sent.map(([, commands]) => commands)).toEqual([10, 10, 12, 12, 14, 14]);
    expect(bench.comparer.points().map(({ commands }) => commands)).toEqual([10, 12, 14, 16]);
    expect(bench.failed).toEqual([]);
  });

  test("stops its member when a majority of voters agrees on another state, and only then", async () => {
    const bench = new Bench("n1", "n2", "n3", "n4", "n5");
    bench.become("follower");
    bench.apply(7);
    bench.comparer.receive("n2", { commands: 7, digest: bad });
    bench.comparer.receive("n3", { commands: 7, digest: bad });
    bench.comparer.receive("x1", { commands: 7, digest: bad });
    bench.comparer.receive("n4", { commands: 7, digest: "c".repeat(16) });
    await bench.clock.settle();
    expect(bench.failed).toEqual([]);
    expect(bench.complaints.length).toBe(4);
    bench.comparer.receive("n5", { commands: 7, digest: bad });
    await bench.clock.settle();
    expect(bench.failed).toMatchObject([{ code: "ERR_FLOTILLA_DIVERGED", details: { commands: 7 } }]);
  });

  test("of two that differ neither stops, as nobody can tell which is right; both say so", async () => {
    const bench = new Bench("n1", "n2");
    bench.become("follower");
    bench.apply(7);
    bench.comparer.receive("n2", { commands: 7, digest: bad });
    bench.comparer.receive("n2", { commands: 7, digest: bad });
    await bench.clock.settle();
    expect(bench.failed).toEqual([]);
    expect(bench.complaints).toEqual([{ member: "n2", commands: 7 }]);
  });

  test("remembers a bounded number of points, whatever it is told", () => {
    const bench = new Bench("n1", "n2");
    bench.become("follower");
    for (let commands = 1; commands < 10_000; commands += 1)
      bench.comparer.receive("n2", { commands: commands * 3, digest: good });
    bench.apply(30_000);
    expect(bench.comparer.points().length).toBeLessThanOrEqual(17);
  });
});

test("what is told arrives, and is told apart from other messages and other formats", () => {
  const point = { commands: 2 ** 40, digest: good };
  const bytes = encodeDigestPoint(point);
  expect(isDigestPoint(bytes)).toBe(true);
  expect(decodeDigestPoint(bytes)).toEqual(point);
  expect(isDigestPoint(encodeMemberMessage({ type: "renew", batch: 1, lists: [] }))).toBe(false);
  const newer = bytes.slice();
  newer[newer.length - 1] = snapshotFormat + 1;
  expect(decodeDigestPoint(newer)).toBeNull();
  for (let length = 1; length < bytes.length; length += 1)
    expect(() => decodeDigestPoint(bytes.slice(0, length))).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_FRAME" }) as Error,
    );
});

/** A machine that writes something else than it was told, where the path is /b. */
class Corrupted extends Machine {
  override apply(...[payload, at]: Parameters<Machine["apply"]>): ReturnType<Machine["apply"]> {
    const command = decodeCommand(payload);
    if (command.type !== "request") return super.apply(payload, at);
    const { operation } = command;
    if (operation.type !== "put" || operation.path !== "/b") return super.apply(payload, at);
    const other = { ...command, operation: { ...operation, value: new Uint8Array([1]) } };
    return super.apply(encodeCommand(other), at);
  }
}

const corrupted: NodeHooks = { machine: () => new Corrupted() };

describe("a member whose state differs", () => {
  test.each(["a follower", "the leader"])(
    "stops within seconds, with the reason, when it is %s; the others go on",
    async (who) => {
      const cluster = new Cluster(3);
      await cluster.start();
      const leader = await cluster.leader();
      const victim = who === "the leader" ? leader : (cluster.ids.find((id) => id !== leader) ?? "");
      cluster.kernel.node(victim).crash();
      await cluster.pass(5_000);
      await cluster.start([victim], corrupted);
      await cluster.pass(5_000);
      if (who === "the leader") await makeLead(cluster, victim);
      const others = cluster.ids.filter((id) => id !== victim);
      const [other = ""] = others;
      await cluster.until(cluster.node(other).session.put("/b", "right", { timeoutMs: 30_000 }));
      const reason = await cluster.until(cluster.node(victim).closed);
      expect(reason).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_DIVERGED" } });
      await cluster.until(cluster.node(other).session.put("/c", "on", { timeoutMs: 30_000 }));
      await cluster.pass(5_000);
      const digests = others.map((id) => cluster.node(id).status().digest);
      expect(new Set(digests).size).toBe(1);
    },
  );
});

function operator(cluster: Cluster): Admin {
  const host = cluster.kernel.node(`operator-${cluster.kernel.nodes().length}`).start();
  return admin({ host, endpoints: cluster.ids.map((id) => cluster.address(id)) });
}

describe("an operator who compares", () => {
  test("sees all members after the same number of commands, those that answer at least", async () => {
    const cluster = new Cluster(3);
    await cluster.start();
    const leader = await cluster.leader();
    await cluster.until(cluster.node(leader).session.put("/a", "1", { timeoutMs: 30_000 }));
    await cluster.pass(10_000);
    const found = await cluster.until(operator(cluster).compare());
    const { digest } = cluster.node(leader).status();
    expect(found).toMatchObject({ agree: true, members: cluster.ids.map((id) => ({ id, digest })) });
    cluster.kernel.node("n3").crash();
    const fewer = await cluster.until(operator(cluster).compare());
    expect(fewer).toMatchObject({ agree: true, members: [{ digest }, { digest }, { digest: null }] });
  });

  test("sees which of two differ, where neither can be told to be wrong", async () => {
    const cluster = new Cluster(2);
    await cluster.start(["n1"]);
    await cluster.start(["n2"], corrupted);
    const leader = await cluster.leader();
    await cluster.until(cluster.node(leader).session.put("/b", "right", { timeoutMs: 30_000 }));
    await cluster.pass(10_000);
    const found = await cluster.until(operator(cluster).compare());
    expect(found.agree).toBe(false);
    expect(new Set(found.members.map(({ digest }) => digest)).size).toBe(2);
  });
});

/** Stops whoever else leads, and starts it again, until that member leads. */
async function makeLead(cluster: Cluster, id: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const leader = await cluster.leader();
    if (leader === id) return;
    cluster.kernel.node(leader).crash();
    await cluster.leader(cluster.ids.filter((each) => each !== leader));
    await cluster.start([leader]);
    await cluster.pass(3_000);
  }
  throw new Error(`${id} does not come to lead`);
}
