import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

/** What a program of this suite says, line by line. */
async function said(flags: readonly string[], program: string, args: readonly string[]): Promise<string[]> {
  const file = join(import.meta.dirname, "../support", program);
  const child = spawn(process.execPath, [...flags, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  endWithTest(child);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  return text.trimEnd().split("\n");
}

async function addresses(count: number): Promise<string[]> {
  return (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
}

test("members start, serve and say why not where errors of Node.js are another realm's, as with Jest", async () => {
  await using data = await TemporaryFolder.create("realm");
  const [address = "", other = ""] = await addresses(2);
  const flags = [
    "--experimental-vm-modules",
    "--experimental-import-meta-resolve",
    "--disable-warning=ExperimentalWarning",
  ];
  expect(await said(flags, "own-realm.mjs", [join(data.path, "n1"), address, other])).toEqual([
    "errors of Node.js: another realm's",
    "reads: b",
    "the same data: ERR_FLOTILLA_LOCKED",
    "the same address: ERR_FLOTILLA_ADDRESS_IN_USE",
    expect.stringMatching(/cannot reach .*: connect ECONNREFUSED/),
    "is back: leader",
  ]);
});

test("two workers of node:cluster are not both the member at one address", async () => {
  await using data = await TemporaryFolder.create("cluster");
  const [address = ""] = await addresses(1);
  expect(await said([], "cluster-workers.mjs", [data.path, address])).toEqual([
    "n1: listens",
    "n2: ERR_FLOTILLA_ADDRESS_IN_USE",
  ]);
});
