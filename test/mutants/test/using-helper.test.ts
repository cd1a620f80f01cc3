import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { transpile } from "../src/transpile.ts";
import { writeUsingHelper } from "../src/using-helper.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flotilla-mutants-using-"));
  await writeUsingHelper(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const source = `
const thing = (log: string[], name: string) => ({
  [Symbol.dispose]: () => void log.push(name),
  [Symbol.asyncDispose]: async () => void log.push("async " + name),
});
export async function inOrder(log: string[]): Promise<string> {
  await using a = thing(log, "a");
  using b = thing(log, "b");
  await using none = null;
  log.push("in use");
  return "done";
}
export async function failing(log: string[]): Promise<void> {
  await using a = thing(log, "a");
  throw new Error("failed");
}
`;

interface Compiled {
  readonly inOrder: (log: string[]) => Promise<string>;
  readonly failing: (log: string[]) => Promise<void>;
}

test("compiled modules dispose of what they use, last first, whatever happens", async () => {
  const file = join(folder, "using.mjs");
  await writeFile(file, await transpile(source, "using.ts"));
  const compiled: Compiled = await import(file);
  const log: string[] = [];
  expect(await compiled.inOrder(log)).toBe("done");
  expect(log).toEqual(["in use", "b", "async a"]);
  await expect(compiled.failing(log)).rejects.toThrow("failed");
  expect(log.at(-1)).toBe("async a");
});
