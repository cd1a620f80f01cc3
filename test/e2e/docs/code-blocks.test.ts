import type { SpawnSyncReturns } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

const root = join(import.meta.dirname, "../../..");
const block = /^```ts\n([\s\S]*?)^```$/gm;
const cache = join(root, "node_modules", ".cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "docs-"));
const emitted = join(folder, "js");

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

function ofPackages(): string[] {
  return ["coord", "kv", "raft", "runtime", "server", "testing"].map((name) => `packages/${name}/README.md`);
}

/** Pages with code, and the code. */
const pages = ["README.md", ...pagesIn("docs"), ...pagesIn("docs/recipes"), ...ofPackages()]
  .map((page) => ({ page, blocks: [...readFileSync(join(root, page), "utf8").matchAll(block)] }))
  .filter(({ blocks }) => blocks.length > 0);

function tsc(...flags: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, ...flags], { encoding: "utf8" });
}

beforeAll(() => {
  for (const { page, blocks } of pages)
    for (const [k, [, code]] of blocks.entries())
      writeFileSync(join(folder, `${encodeURIComponent(`${page}#${k + 1}`)}.ts`), `${code}\nexport {};\n`);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../test/tsconfig.json",
      compilerOptions: {
        rootDir: root,
        tsBuildInfoFile: join(folder, "build"),
        incremental: true,
        noPropertyAccessFromIndexSignature: false,
      },
      include: [".", "../../../test/e2e/docs/globals.d.ts"],
      references: [],
    }),
  );
  const emit = ["--noEmit", "false", "--allowImportingTsExtensions", "false", "--incremental", "false"];
  tsc(...emit, "--noCheck", "--noResolve", "--rootDir", folder, "--outDir", emitted);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every code block of the documentation compiles against the real API", { timeout: 120_000 }, () => {
  const { stdout, stderr, status } = tsc();
  expect(pages.length).toBeGreaterThan(5);
  expect(stdout + stderr).toBe("");
  expect(status).toBe(0);
});

test.each(pages)("on a cluster of one the code of $page works", { timeout: 120_000 }, async (each) => {
  await using data = await TemporaryFolder.create("docs");
  const runner = join(import.meta.dirname, "../support/run-code-blocks.mjs");
  const args = [runner, emitted, each.page, String(each.blocks.length)];
  const child = spawn(process.execPath, args, { cwd: data.path, stdio: ["ignore", "pipe", "inherit"] });
  endWithTest(child);
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (told += text));
  await new Promise((resolve) => child.once("close", resolve));
  const lines = told.trimEnd().split("\n");
  expect(lines.filter((line) => !/^(works$|left out: )/.test(line))).toEqual([]);
  expect(lines).toHaveLength(each.blocks.length);
});
