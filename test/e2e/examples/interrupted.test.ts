import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { runExample } from "../support/example.ts";

const examples = join(import.meta.dirname, "../../../examples");

async function takenPort(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, server };
}

test("raft counter: a port that is taken ends it", { timeout: 120_000 }, async () => {
  await using folder = await TemporaryFolder.create("raft-counter");
  const { port, server } = await takenPort();
  const { code, output } = await runExample("raft-counter", [folder.path, String(port)]);
  server.close();
  expect(output).toContain("EADDRINUSE");
  expect(code).toBe(1);
});

test.each(["fastify", "deploy-lock"])(
  "%s: asked to end it leaves no process and no file",
  { timeout: 120_000 },
  async (name) => {
    await using folder = await TemporaryFolder.create("interrupted");
    const child = spawn(process.execPath, [join(examples, name, "main.mjs")], {
      env: { ...process.env, TMPDIR: folder.path },
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    endWithTest(child, () => process.kill(-(child.pid ?? 0), "SIGKILL"));
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    child.stdout.resume();
    const [code] = await once(child, "close"); // once nobody has its output any more
    expect(code).toBe(143);
    expect(await readdir(folder.path)).toEqual([]);
  },
);

test("an app that dies at its start ends the example", { timeout: 120_000 }, async () => {
  await using folder = await TemporaryFolder.create("dying-app");
  await mkdir(join(folder.path, "app"));
  await writeFile(join(folder.path, "app/app.mjs"), "process.exit(7);\n");
  const support = pathToFileURL(join(examples, "support/show-singleton.mjs")).href;
  const main = `import { showSingleton } from "${support}"; await showSingleton(import.meta.url);\n`;
  await writeFile(join(folder.path, "app/main.mjs"), main);
  const child = spawn(process.execPath, [join(folder.path, "app/main.mjs")], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ["ignore", "inherit", "pipe"],
  });
  endWithTest(child);
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const [code] = await once(child, "close");
  expect(told).toMatch(/^app-\d ended by itself: 7$/m);
  expect(code).toBe(1);
  expect(await readdir(folder.path)).toEqual(["app"]);
});

test.each([
  [0, "42 is deployed"],
  [5, "42 came too late"],
  [3, "42 may not be deployed"],
])("deploy.sh: with the exit code %i of the write it ends, and says so", (code, says) => {
  const script = `flotilla() { return ${code}; }; . "$0"`;
  const command = ["-c", script, join(examples, "deploy-lock/deploy.sh"), "42", "0"];
  const ran = spawnSync("sh", command, { env: { ...process.env, FLOTILLA_FENCE: "-" }, encoding: "utf8" });
  expect(ran.stdout + ran.stderr).toBe(`42 begins\n${says}\n`);
  expect(ran.status).toBe(code);
});
