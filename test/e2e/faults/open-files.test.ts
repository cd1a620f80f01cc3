import { join } from "node:path";
import { admin, connect } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { flotillaBinary, MemberProcess } from "../../jepsen/src/processes/member-process.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { patienceMs } from "../../jepsen/src/processes/until.ts";

type Client = Awaited<ReturnType<typeof connect>>;

/** Fewer than clients want, and more than Node needs to load what there is. */
const files = 260;
const atOnce = 20;

function memberAt(folder: string, id: string, address: string, bootstrap: string): MemberProcess {
  const flags = ["--id", id, "--data-dir", join(folder, id), "--listen", address];
  const settings = ["--bootstrap", bootstrap, "--snapshot-entries", "20", "--log-level", "silent"];
  return new MemberProcess({
    id,
    launcher: ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"],
    command: [flotillaBinary, "serve", ...flags, ...settings],
  });
}

function open(address: string, options: { connectTimeoutMs: number; signal?: AbortSignal }): Promise<Client> {
  return connect({ endpoints: [address], ...options, sessionTtlMs: 120_000, logger: silentLogger });
}

/** Comes with clients until all of them are turned away. */
async function fill(address: string, clients: Client[]): Promise<void> {
  for (let before = -1; clients.length > before && clients.length <= files;) {
    before = clients.length;
    const some = await Promise.allSettled(
      Array.from({ length: atOnce }, () => open(address, { connectTimeoutMs: 2_000 })),
    );
    for (const one of some) if (one.status === "fulfilled") clients.push(one.value);
  }
}

describe.skipIf(process.platform !== "linux")(
  "more clients than a process may have files open",
  { timeout: 180_000 },
  () => {
    test("are turned away, and the disk is still written to", async () => {
      await using folder = await TemporaryFolder.create("open-files");
      const address = `127.0.0.1:${(await freePorts(1))[0]}`;
      await using member = memberAt(folder.path, "n1", address, `n1=${address}`);
      member.start();
      const clients = [await open(address, { connectTimeoutMs: patienceMs })];
      try {
        await fill(address, clients);
        // A snapshot takes files of its own.
        const gone = member.ended();
        for (let k = 0; k < 50 && member.isRunning; k += 1) {
          const put = clients[0]?.session.put(`/k${k}`, "x", { timeoutMs: patienceMs });
          await Promise.race([put, gone]);
        }
        expect(member.isRunning, member.log).toBe(true);
        expect(await clients[0]?.session.get("/k49")).not.toBeNull();
      } finally {
        member.signal("SIGKILL");
        await Promise.all(clients.map((client) => client.close().catch(() => {})));
      }
    });

    test("keep out neither another member nor an operator", async () => {
      await using folder = await TemporaryFolder.create("open-files-peers");
      const addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
      const [one = "", two = ""] = addresses;
      const bootstrap = `n1=${one},n2=${two}`;
      await using first = memberAt(folder.path, "n1", one, bootstrap);
      await using second = memberAt(folder.path, "n2", two, bootstrap);
      first.start();
      second.start();
      const clients = [await open(two, { connectTimeoutMs: patienceMs })];
      const stop = new AbortController();
      const { signal } = stop;
      let waiting: Promise<readonly PromiseSettledResult<Client>[]> = Promise.resolve([]);
      try {
        await fill(two, clients);
        const operator = admin({ endpoints: [two], logger: silentLogger, timeoutMs: patienceMs });
        expect((await operator.members.list()).members).toHaveLength(2);
        // Others wait for any place that is left.
        waiting = Promise.allSettled(
          Array.from({ length: atOnce }, () => open(two, { connectTimeoutMs: patienceMs, signal })),
        );
        first.signal("SIGKILL");
        await first.ended();
        first.start();
        await clients[0]?.session.put("/a", "1", { timeoutMs: patienceMs });
      } finally {
        stop.abort();
        for (const member of [first, second]) member.signal("SIGKILL");
        for (const one of await waiting) if (one.status === "fulfilled") clients.push(one.value);
        await Promise.all(clients.map((client) => client.close().catch(() => {})));
      }
    });
  },
);

test.skipIf(process.platform !== "linux")(
  "a process that may have too few files open to load what there is says what to do",
  { timeout: 180_000 },
  async () => {
    await using folder = await TemporaryFolder.create("few-files");
    const flags = ["--id", "n1", "--data-dir", join(folder.path, "data"), "--listen", "127.0.0.1:0"];
    await using member = new MemberProcess({
      id: "n1",
      launcher: ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"],
      command: [flotillaBinary, "serve", ...flags],
    });
    member.start();
    await member.ended();
    expect(member.log).toMatch(/EMFILE.* \(ERR_FLOTILLA_LIMIT\)\nhint: Allow this process more open files/);
  },
);
