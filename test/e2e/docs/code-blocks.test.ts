import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const pages = ["README.md", ...pagesIn("docs"), ...pagesIn("docs/recipes"), ...globPackages()];
const block = /^```ts\n([\s\S]*?)^```$/gm;

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}

function globPackages(): string[] {
  return ["coord", "kv", "raft", "runtime", "server", "testing"].map((name) => `packages/${name}/README.md`);
}

test("every code block of the documentation compiles against the real API", () => {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-"));
  try {
    let blocks = 0;
    for (const page of pages) {
      for (const [, code] of readFileSync(join(root, page), "utf8").matchAll(block)) {
        blocks += 1;
        writeFileSync(join(folder, `${page.replaceAll(/\W/g, "-")}-${blocks}.ts`), `${code}\nexport {};\n`);
      }
    }
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
    const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    expect(blocks).toBeGreaterThan(5);
    expect(tsc.stdout + tsc.stderr).toBe("");
    expect(tsc.status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
