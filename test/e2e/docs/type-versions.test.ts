import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
/** With what it returns at its end, which it has from TypeScript 5.6 on. */
const later = /\b(?:Async)?Iterable(?:Iterator)?<(?:[^<>[\]{},]|<[^<>]*>|\[[^\]]*\])*,/g;

test("types of packages are ones that TypeScript 5.2 knows", () => {
  const files = ["coord", "kv", "raft", "runtime", "testing"].flatMap((name) => {
    const folder = `packages/${name}/dist`;
    const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    return names.filter((file) => file.endsWith(".d.ts")).map((file) => join(folder, file));
  });
  const found = files.flatMap((file) => {
    const matches = readFileSync(join(root, file), "utf8").match(later) ?? [];
    return matches.map((match) => `${file}: ${match}`);
  });
  expect(files.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
