import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

const script = join(import.meta.dirname, "../../../scripts/run.mjs");

test("a task is asked to end as whoever runs it, and ends as it does", { timeout: 120_000 }, async () => {
  await using folder = await TemporaryFolder.create("run");
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const serve = ["serve", "--id", "n1", "--data-dir", join(folder.path, "data"), "--listen", address];
  const child = spawn(process.execPath, [script, "flotilla", ...serve, "--bootstrap", `n1=${address}`], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithTest(child, () => process.kill(-(child.pid ?? 0), "SIGKILL"));
  let told = "";
  while (!told.includes("listens on")) told += String((await once(child.stdout, "data"))[0]);
  child.kill("SIGTERM");
  child.stdout.resume();
  const [code, signal] = await once(child, "close"); // once the task has ended, too
  expect([code, signal]).toEqual([0, null]);
});
