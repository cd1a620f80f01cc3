import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@flotilla/coord/client";
import { text } from "@flotilla/coord";
import { silentLogger } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { FailingDisk } from "../../jepsen/src/processes/failing-disk.ts";
import type { DiskFailure } from "../../jepsen/src/processes/failing-disk.ts";
import { flotillaBinary, MemberProcess } from "../../jepsen/src/processes/member-process.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { whyNoPreload } from "../../jepsen/src/processes/preload.ts";
import { SmallDisk, whyNoMount } from "../../jepsen/src/processes/small-disk.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { patienceMs } from "../../jepsen/src/processes/until.ts";

const limitMs = 180_000;
const noPreload = whyNoPreload();
if (noPreload !== null) console.warn(`SKIP: ${noPreload}: a failing disk is not tested with a real process`);
const noMount = whyNoMount();
if (noMount !== null) console.warn(`SKIP: ${noMount}: a full disk is not tested with a real process`);

/** A member alone in a process, and a client that writes to it one value after the other. */
class Bench implements AsyncDisposable {
  readonly member: MemberProcess;
  readonly #address: string;
  /** How many writes were acknowledged, and how many were begun. */
  acked = 0;
  begun = 0;

  private constructor(member: MemberProcess, address: string) {
    this.member = member;
    this.#address = address;
  }

  static async create(dataDir: string, env: (life: number) => Record<string, string>): Promise<Bench> {
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const flags = ["--id", "n1", "--data-dir", dataDir, "--listen", address, "--bootstrap", `n1=${address}`];
    const command = [flotillaBinary, "serve", ...flags, "--snapshot-entries", "300"];
    return new Bench(new MemberProcess({ id: "n1", command, env }), address);
  }

  /** Writes until the member is gone, or until `enough` says so after an acknowledgement. */
  async write(paddingBytes: number, enough: () => boolean | Promise<boolean>): Promise<void> {
    await using client = await this.#connect();
    const padding = "x".repeat(paddingBytes);
    const gone = this.member.ended().then(() => "gone" as const);
    while (this.member.isRunning) {
      const path = `/k${this.begun}`;
      this.begun += 1;
      const written = client.session.put(path, `${path}${padding}`, { timeoutMs: patienceMs });
      const answer = await Promise.race([written.catch(() => "unknown" as const), gone]);
      if (answer === "gone" || answer === "unknown") return;
      this.acked = this.begun;
      if (await enough()) return;
    }
  }

  /** The first acknowledged write that is not there; null when all are. */
  async lost(): Promise<string | null> {
    await using client = await this.#connect();
    for (let k = 0; k < this.acked; k += 1) {
      const found = await client.session.get(`/k${k}`, { timeoutMs: patienceMs });
      if (found === null || !text(found).startsWith(`/k${k}`)) return `/k${k}`;
    }
    return null;
  }

  /** Waits until the member ended by itself; its exit code, as its log tells. */
  async exitCode(): Promise<string> {
    await this.member.ended();
    return /\[ended: (\w+)\]/.exec(this.member.log)?.[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.member[Symbol.asyncDispose]();
  }

  #connect(): ReturnType<typeof connect> {
    return connect({ endpoints: [this.#address], connectTimeoutMs: patienceMs, logger: silentLogger });
  }
}

async function withFailingDisk(
  failure: DiskFailure,
  act: (bench: Bench, disk: FailingDisk) => Promise<void>,
): Promise<void> {
  await using folder = await TemporaryFolder.create(failure);
  const dataDir = join(folder.path, "data");
  const disk = FailingDisk.build(folder.path);
  // The disk is replaced by a good one that holds the same before the second life.
  await using bench = await Bench.create(dataDir, (life) => (life === 1 ? disk.env(dataDir, failure) : {}));
  bench.member.start();
  await act(bench, disk);
}

test.skipIf(noPreload !== null).each(["sync-once", "sync-forever", "write-eio", "write-full"] as const)(
  "%s: the first failure stops the member with exit code 74, and what was acknowledged is there afterwards",
  { timeout: limitMs },
  async (failure) => {
    await withFailingDisk(failure, async (bench, disk) => {
      await bench.write(100, async () => {
        if (bench.acked === 50) await disk.fail();
        return false;
      });
      expect(await bench.exitCode()).toBe("74");
      expect(bench.acked).toBeGreaterThanOrEqual(50);
      bench.member.start();
      expect(await bench.lost()).toBeNull();
    });
  },
);

test.skipIf(noPreload !== null)("a disk that is only slow stops nobody", { timeout: limitMs }, async () => {
  await withFailingDisk("sync-slow", async (bench, disk) => {
    await disk.fail();
    await bench.write(100, () => bench.acked >= 5);
    expect(bench.member.isRunning).toBe(true);
    expect(await bench.lost()).toBeNull();
  });
});

test.skipIf(noMount !== null)(
  "a full disk stops the member with exit code 74, and with room again everything acknowledged is there",
  { timeout: limitMs },
  async () => {
    await using folder = await TemporaryFolder.create("full");
    using disk = new SmallDisk(folder.path, 8 << 20);
    const dataDir = join(folder.path, "data");
    await mkdir(dataDir);
    await using bench = await Bench.create(dataDir, () => ({}));
    bench.member.start();
    await bench.write(100_000, () => false);
    expect(await bench.exitCode()).toBe("74");
    expect(bench.acked).toBeGreaterThan(10);
    disk.resize(64 << 20);
    bench.member.start();
    expect(await bench.lost()).toBeNull();
  },
);
