import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { freePorts, isFree } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

const example = join(import.meta.dirname, "../../../examples/raft-counter/main.mjs");

/** The first of three neighbouring ports on which nobody listens. */
async function threePorts(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if ((await isFree(port + 1)) && (await isFree(port + 2))) return port;
  }
}

/** Runs it to its end; whatever it leaves behind is killed. */
async function run(folder: string, port: number): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [example, folder, String(port)], { detached: true, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  endWithTest(child, () => killGroup(child.pid));
  const late = setTimeout(() => killGroup(child.pid), 60_000);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  clearTimeout(late);
  return { code, output };
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

test("three processes count together, in thirty lines", { timeout: 120_000 }, async () => {
  await using folder = await TemporaryFolder.create("raft-counter");
  const { code, output } = await run(folder.path, await threePorts());
  expect(output.trimEnd().split("\n").toSorted()).toEqual(["a sees 30", "b sees 30", "c sees 30"]);
  expect(code).toBe(0);
  const lines = (await readFile(example, "utf8")).trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(30);
});
