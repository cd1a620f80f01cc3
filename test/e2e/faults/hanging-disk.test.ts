import { join } from "node:path";
import { expect, test } from "vitest";
import { FailingDisk } from "../../jepsen/src/processes/failing-disk.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { whyNoPreload } from "../../jepsen/src/processes/preload.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";
import { CommandLine, flotilla } from "../support/command-line.ts";

const noPreload = whyNoPreload();
if (noPreload !== null)
  console.warn(`SKIP: ${noPreload}: a disk that hangs is not tested with a real process`);

test.skipIf(noPreload !== null)(
  "a second signal ends a member whose disk hangs, and it comes back with what was acknowledged",
  { timeout: 180_000 },
  async () => {
    await using folder = await TemporaryFolder.create("hanging");
    const dataDir = join(folder.path, "data");
    const disk = FailingDisk.build(folder.path);
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const serve = ["serve", "--id", "n1", "--data-dir", dataDir, "--listen", address];
    const client = ["--endpoints", address, "--timeout", "30s"];
    {
      const env = disk.env(dataDir, "sync-hang");
      await using server = new CommandLine([...serve, "--bootstrap", `n1=${address}`], { env });
      await server.printed(/listens on/);
      expect(await flotilla(["put", "/a", "1", ...client])).toMatchObject({ code: 0 });
      await disk.fail();
      await using _ = new CommandLine(["put", "/a", "2", ...client]);
      await until("a sync hangs", () => (disk.hangs ? true : undefined), {
        hopeless: () => false,
        diagnose: () => server.stdout,
      });
      server.signal("SIGTERM");
      server.signal("SIGINT");
      await server.ended();
    }
    await using again = new CommandLine(serve);
    await again.printed(/listens on/);
    const found = await flotilla(["get", "/a", ...client]);
    expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[12]$/) });
  },
);
