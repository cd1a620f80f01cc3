import { join } from "node:path";
import { connect } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { flotillaBinary, MemberProcess } from "../../jepsen/src/processes/member-process.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { patienceMs } from "../../jepsen/src/processes/until.ts";

type Client = Awaited<ReturnType<typeof connect>>;

/** Fewer than clients want, and more than Node needs to load what there is. */
const files = 260;
const atOnce = 20;

test.skipIf(process.platform !== "linux")(
  "more clients than a process may have files open are turned away, and the disk is still written to",
  { timeout: 180_000 },
  async () => {
    await using folder = await TemporaryFolder.create("open-files");
    const address = `127.0.0.1:${(await freePorts(1))[0]}`;
    const flags = ["--id", "n1", "--data-dir", join(folder.path, "data"), "--listen", address];
    const settings = ["--bootstrap", `n1=${address}`, "--snapshot-entries", "20", "--log-level", "silent"];
    await using member = new MemberProcess({
      id: "n1",
      launcher: ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"],
      command: [flotillaBinary, "serve", ...flags, ...settings],
    });
    member.start();
    const open = (connectTimeoutMs: number): Promise<Client> =>
      connect({ endpoints: [address], connectTimeoutMs, logger: silentLogger });
    const clients = [await open(patienceMs)];
    try {
      for (let turnedAway = 0; turnedAway === 0 && clients.length <= files;) {
        const some = await Promise.allSettled(Array.from({ length: atOnce }, () => open(2_000)));
        for (const one of some) if (one.status === "fulfilled") clients.push(one.value);
        turnedAway = some.filter(({ status }) => status === "rejected").length;
      }
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
  },
);
