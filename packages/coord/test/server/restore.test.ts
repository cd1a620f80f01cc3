import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { openBackup } from "../../src/backup/open-backup.ts";
import { admin } from "../../src/client/admin.ts";
import { text } from "../../src/client/values.ts";
import { forceNewCluster, inspectData, restoreBackup } from "../../src/server/offline.ts";
import type { RestoreOptions } from "../../src/server/offline.ts";
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

async function* inOrder(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return pieces;
}

function save(cluster: Cluster): Promise<Uint8Array[]> {
  const host = cluster.kernel.node(`operator-${cluster.kernel.nodes().length}`).start();
  const endpoints = cluster.ids.map((id) => cluster.address(id));
  return cluster.until(all(admin({ host, endpoints }).saveSnapshot()));
}

async function three(): Promise<Cluster> {
  const cluster = new Cluster(3);
  await cluster.start();
  await cluster.leader();
  return cluster;
}

/** On a machine that held nothing yet. */
function restoreAt(
  cluster: Cluster,
  id: string,
  pieces: readonly Uint8Array[],
  more: Partial<RestoreOptions> = {},
): Promise<Awaited<ReturnType<typeof restoreBackup>>> {
  const address = cluster.address(id);
  return cluster.offline(id, (options) =>
    restoreBackup({ ...options, id, address, backup: inOrder(pieces), ...more }),
  );
}

describe("a cluster restored from a backup", () => {
  test("has the data of before in another history, which older watches and sessions notice, and others join it", async () => {
    const cluster = await three();
    const client = await cluster.client();
    await cluster.until(client.put("/a", "kept"));
    await cluster.until(client.create("/e", "mine", { ephemeral: true }));
    const watch = await cluster.until(client.watch("/", { kind: "recursive" }));
    await cluster.until(client.sync());
    const { token } = watch;
    const pieces = await save(cluster);
    const { facts } = await cluster.until(openBackup(inOrder(pieces)));
    await cluster.until(client.put("/later", "lost"));
    const before = cluster.node("n1").status();
    for (const id of cluster.ids) cluster.kernel.node(id).crash();

    const restored = await restoreAt(cluster, "m1", pieces);
    expect(restored.revision).toBeGreaterThan(facts.revision);
    const data = await cluster.offline("m1", inspectData);
    expect(data).toMatchObject({ type: "whole", id: "m1", term: facts.term + 1 });
    await cluster.join("m1", {});
    const { session } = cluster.node("m1");
    await cluster.until(session.put("/b", "new", { timeoutMs: 30_000 }));
    const after = cluster.node("m1").status();
    expect(after).toMatchObject({ role: "leader", historyId: restored.historyId });
    expect(after.historyId).not.toBe(before.historyId);
    expect(after.revision).toBe(restored.revision + 1);
    expect(text((await cluster.until(session.get("/a")))?.value ?? new Uint8Array())).toBe("kept");
    expect(await cluster.until(session.exists("/e"))).toBeNull();
    expect(await cluster.until(session.exists("/later"))).toBeNull();
    const resumed = await cluster.until(session.watch("/", { kind: "recursive", from: token }));
    const first = await cluster.until(resumed[Symbol.asyncIterator]().next());
    expect(first.value).toMatchObject({ type: "snapshot" });

    await cluster.join("m2", { join: [cluster.address("m1")] });
    await cluster.join("m3", { join: [cluster.address("m1")] });
    await cluster.pass(10_000);
    const statuses = ["m1", "m2", "m3"].map((id) => cluster.node(id).status());
    expect(new Set(statuses.map(({ digest }) => digest)).size).toBe(1);
    expect(new Set(statuses.map(({ historyId }) => historyId))).toEqual(new Set([restored.historyId]));
    expect(statuses.map(({ members }) => members.length)).toEqual([3, 3, 3]);
  });

  test("makes no ephemeral node before the longest time to live has passed since a leader took over", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "kept", { timeoutMs: 30_000 }));
    const pieces = await save(cluster);
    for (const id of cluster.ids) cluster.kernel.node(id).crash();
    await restoreAt(cluster, "m1", pieces);
    await cluster.join("m1", {});
    const { session } = cluster.node("m1");
    const create = (): Promise<string> =>
      cluster.until(codeOf(session.create("/e", "", { ephemeral: true, timeoutMs: 30_000 })));
    expect(await create()).toBe("ERR_FLOTILLA_GRACE");
    await cluster.pass(60_000);
    // A restart counts anew.
    cluster.kernel.node("m1").crash();
    await cluster.join("m1", {});
    const again = cluster.node("m1").session;
    await cluster.until(again.put("/b", "", { timeoutMs: 30_000 }));
    const settled = cluster.kernel.nowMs;
    await cluster.kernel.run({ untilMs: settled + 120_000 });
    expect(await cluster.until(codeOf(again.create("/e", "", { ephemeral: true })))).toBe(
      "ERR_FLOTILLA_GRACE",
    );
    await cluster.kernel.run({ untilMs: settled + 120_000 * 1.02 + 5_000 });
    expect(await cluster.until(codeOf(again.create("/e", "", { ephemeral: true })))).toBe("fulfilled");
  });

  test("lets whoever wants to lead wait until then", async () => {
    const cluster = await three();
    const pieces = await save(cluster);
    for (const id of cluster.ids) cluster.kernel.node(id).crash();
    await restoreAt(cluster, "m1", pieces);
    await cluster.join("m1", {});
    const leading = cluster.node("m1").election("search").campaign();
    let isLeader = false;
    void leading.then(() => (isLeader = true));
    await cluster.pass(120_000);
    expect(isLeader).toBe(false);
    await cluster.pass(15_000);
    expect(isLeader).toBe(true);
    expect((await cluster.until(leading)).signal.aborted).toBe(false);
  });

  test("makes them at once where the operator waived that, and refuses fences of the cluster before", async () => {
    const cluster = await three();
    const client = await cluster.client();
    const mine = await cluster.until(client.create("/w", "", { ephemeral: true }));
    const pieces = await save(cluster);
    for (const id of cluster.ids) cluster.kernel.node(id).crash();
    await restoreAt(cluster, "m1", pieces, { graceMs: 0 });
    await cluster.join("m1", {});
    const { session } = cluster.node("m1");
    const fenced = session.put("/x", "", {
      fence: { path: "/w", mzxid: mine.stat.mzxid },
      timeoutMs: 30_000,
    });
    expect(await cluster.until(codeOf(fenced))).toBe("ERR_FLOTILLA_FENCED");
    expect(await cluster.until(codeOf(session.create("/w", "", { ephemeral: true })))).toBe("fulfilled");
  });

  test("has nothing to do with one restored from the same backup elsewhere", async () => {
    const cluster = await three();
    const pieces = await save(cluster);
    const first = await restoreAt(cluster, "m1", pieces);
    const second = await restoreAt(cluster, "m2", pieces);
    expect(first.historyId).not.toBe(second.historyId);
  });
});

describe("restoring is refused, and leaves everything as it was,", () => {
  test("where there is data, whosever it is, and where the member runs", async () => {
    const cluster = await three();
    const pieces = await save(cluster);
    for (const id of cluster.ids) cluster.kernel.node(id).crash();
    const before = await cluster.offline("n1", inspectData);
    expect(await codeOf(restoreAt(cluster, "n1", pieces))).toBe("ERR_FLOTILLA_EXISTS");
    expect(await codeOf(restoreAt(cluster, "n2", pieces, { id: "n9" }))).toBe("ERR_FLOTILLA_FOREIGN");
    expect(await cluster.offline("n1", inspectData)).toEqual(before);
    await cluster.start();
    await cluster.leader();
  });

  test("where something else was restored, and where what was restored was started", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "1", { timeoutMs: 30_000 }));
    // Many times as much as is read at once.
    for (let k = 0; k < 40; k += 1)
      await cluster.until(
        cluster.node("n1").session.put(`/v${k}`, `${k}`.repeat(10_000), { timeoutMs: 30_000 }),
      );
    const pieces = await save(cluster);
    const made = await restoreAt(cluster, "m1", pieces);
    await cluster.pass(60_000);
    // As after a crash just before it said so.
    expect(await restoreAt(cluster, "m1", pieces)).toEqual(made);
    for (const more of [{ graceMs: 0 }, { address: "m1:7999" }])
      expect(await codeOf(restoreAt(cluster, "m1", pieces, more))).toBe("ERR_FLOTILLA_EXISTS");
    const other = new Cluster(3);
    await other.start();
    await other.leader();
    await other.until(other.node("n1").session.put("/a", "2", { timeoutMs: 30_000 }));
    expect(await codeOf(restoreAt(cluster, "m1", await save(other)))).toBe("ERR_FLOTILLA_EXISTS");
    await cluster.join("m1", {});
    await cluster.until(cluster.node("m1").session.put("/b", "", { timeoutMs: 30_000 }));
    cluster.kernel.node("m1").crash();
    expect(await codeOf(restoreAt(cluster, "m1", pieces))).toBe("ERR_FLOTILLA_EXISTS");
  });

  test("of a backup that is not whole, with not a byte written", async () => {
    const cluster = await three();
    const bytes = Buffer.concat(await save(cluster));
    const cut = [bytes.subarray(0, bytes.length - 1)];
    expect(await codeOf(restoreAt(cluster, "m1", cut))).toBe("ERR_FLOTILLA_DAMAGED");
    expect(await cluster.offline("m1", inspectData)).toEqual({ type: "absent" });
  });

  test("for a member that could never be started", async () => {
    const cluster = await three();
    const pieces = await save(cluster);
    for (const more of [{ id: "a b" }, { address: "m1" }, { address: "m1:0" }, { cluster: "" }])
      expect(await codeOf(restoreAt(cluster, "m1", pieces, more))).toBe("ERR_FLOTILLA_BAD_CONFIG");
    for (const more of [{ backup: null as never }, { backup: 5 as never }, { graceMs: -1 }])
      expect(await codeOf(restoreAt(cluster, "m1", pieces, more))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    expect(await cluster.offline("m1", inspectData)).toEqual({ type: "absent" });
  });

  test("where the clock is behind the backup", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "kept", { timeoutMs: 30_000 }));
    const pieces = await save(cluster);
    const { facts } = await cluster.until(openBackup(inOrder(pieces)));
    const restoreWhen = (nowMs: number): Promise<string> =>
      cluster.offline("m1", async ({ dataDir, host }) => {
        const { clock } = host;
        const set = {
          ...host,
          clock: {
            now: () => clock.now(),
            wallNow: () => nowMs,
            setTimer: clock.setTimer.bind(clock),
            defer: clock.defer.bind(clock),
          },
        };
        return codeOf(
          restoreBackup({ dataDir, host: set, id: "m1", address: "m1:7000", backup: inOrder(pieces) }),
        );
      });
    expect(await restoreWhen(facts.timeMs - 1)).toBe("ERR_FLOTILLA_CONDITION");
    expect(await cluster.offline("m1", inspectData)).toEqual({ type: "absent" });
    expect(await restoreWhen(facts.timeMs)).toBe("fulfilled");
  });

  test("of one that reaches further than the clock", async () => {
    const cluster = await three();
    await cluster.until(cluster.node("n1").session.put("/a", "kept", { timeoutMs: 30_000 }));
    for (const id of cluster.ids) cluster.kernel.node(id).crash();
    // Such a history begins far above what the clock says by now.
    await cluster.offline("n1", forceNewCluster);
    await cluster.start(["n1"]);
    await cluster.leader(["n1"]);
    const first = await save(cluster);
    const code = await cluster.offline("m1", async ({ dataDir, host }) => {
      const { clock } = host;
      const slow = {
        ...host,
        clock: {
          now: () => clock.now(),
          wallNow: () => clock.wallNow() - 3_600_000,
          setTimer: clock.setTimer.bind(clock),
          defer: clock.defer.bind(clock),
        },
      };
      return codeOf(
        restoreBackup({ dataDir, host: slow, id: "m1", address: "m1:7000", backup: inOrder(first) }),
      );
    });
    expect(code).toBe("ERR_FLOTILLA_CONDITION");
    expect(await cluster.offline("m1", inspectData)).toEqual({ type: "absent" });
  });
});
