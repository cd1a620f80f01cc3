import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runSuites } from "../src/suite-run.ts";
import { compiledFile, transpile } from "../src/transpile.ts";
import { folders, Workspace } from "../src/workspace.ts";
import { Worlds } from "../src/worlds.ts";
import { replacing } from "./_support/fakes.ts";

const timeout = 120_000;
let root = "";

async function put(file: string, text: string): Promise<void> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const world = `export const makePlan = (seed) => seed;
export const makeLogPlan = (seed) => seed + 6;
export const runPlan = async (seed) => {
  if (seed === 13) process.exit(1);
  return { violations: seed === 7 ? [{ invariant: "LogMatching", message: "seven" }] : [] };
};
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "flotilla-mutants-test-"));
  await put("package.json", '{ "type": "module" }');
  for (const name of folders) {
    await put(`${name}/src/index.ts`, "export const answer: number = 42;\n");
    await put(`${name}/package.json`, '{ "type": "module" }');
  }
  await put(
    "packages/raft/src/a.ts",
    'import { answer } from "./index.ts";\nexport const a: number = answer;\n',
  );
  await put("packages/raft/test/a.test.ts", suite);
  await put("test/simulation/src/index.ts", world);
  await mkdir(join(root, "packages/raft/node_modules/@flotilla"), { recursive: true });
  await symlink("../../../runtime", join(root, "packages/raft/node_modules/@flotilla/runtime"));
  await mkdir(join(root, "node_modules/.pnpm"), { recursive: true });
  for (const name of ["vitest", "fast-check"]) {
    const found = await realpath(join(import.meta.dirname, "../../../node_modules", name));
    await symlink(found, join(root, "node_modules", name));
  }
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const suite = `import { expect, test } from "vitest";
import { a } from "../src/a.ts";
test("the answer (of all) is right", () => expect(a).toBe(42));
test("the answer is not zero", () => expect(a).not.toBe(0));
test("the answer comes at all", async () => a === 0 && new Promise(() => {}), 20);
test("the search for it ends", () => { while (a === 7); });
`;

test("types go, and imports name what the compiler makes", async () => {
  const code = await transpile(
    'import { b } from "./b.ts";\nexport const c = (d: number): unknown => b(d);\n',
    "c.ts",
  );
  expect(code).toContain('from "./b.js"');
  expect(code).not.toContain("number");
  await expect(transpile("const = ;", "c.ts")).rejects.toThrow("c.ts");
  expect(compiledFile("packages/raft/src/core/src-log.ts")).toBe("packages/raft/dist/core/src-log.js");
});

test("a mutant is planted in the copy alone, as source and compiled, and taken back", async () => {
  await using copy = await Workspace.create(root);
  const compiled = join(copy.folder, "packages/raft/dist/a.js");
  const before = await readFile(compiled, "utf8");
  const takeBack = await copy.plant(replacing("= answer", "= answer + 1"));
  expect(await readFile(compiled, "utf8")).toContain("answer + 1");
  expect(await readFile(join(copy.folder, "packages/raft/src/a.ts"), "utf8")).toContain("answer + 1");
  expect(await readFile(join(root, "packages/raft/src/a.ts"), "utf8")).not.toContain("answer + 1");
  await takeBack();
  expect(await readFile(compiled, "utf8")).toBe(before);
});

test("packages find each other within the copy, and the copy is removed", async () => {
  let folder = "";
  {
    await using copy = await Workspace.create(root);
    folder = await realpath(copy.folder);
    const found = await realpath(join(copy.folder, "packages/raft/node_modules/@flotilla/runtime"));
    expect(found).toBe(join(folder, "packages/runtime"));
  }
  expect(existsSync(folder)).toBe(false);
});

test("a process that ends early removes its copies", async () => {
  const copy = await Workspace.create(root);
  Workspace.removeAll();
  expect(existsSync(copy.folder)).toBe(false);
});

test("worlds tell what their checkers found, and a lost process is a crash", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  using worlds = new Worlds(copy.folder);
  expect(await worlds.start()).toBeNull();
  expect((await worlds.run({ seed: 1, isLogAlone: false })).finding).toBeNull();
  expect((await worlds.run({ seed: 7, isLogAlone: false })).finding).toMatchObject({
    by: "LogMatching",
    isChecker: true,
  });
  expect((await worlds.run({ seed: 1, isLogAlone: true })).finding).toMatchObject({ by: "LogMatching" });
  expect((await worlds.run({ seed: 13, isLogAlone: false })).finding).toMatchObject({
    by: "crash",
    isChecker: false,
  });
  expect((await worlds.run({ seed: 1, isLogAlone: false })).finding).toMatchObject({
    by: "crash",
    isChecker: false,
  });
});

test("code that does not load is a crash", { timeout }, async () => {
  using worlds = new Worlds(join(root, "nowhere"));
  expect(await worlds.start()).toMatchObject({ by: "crash", isChecker: false });
});

test("only the tests that count judge, and they are named", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  const file = { folder: "packages/raft", file: "test/a.test.ts" };
  const one = [{ ...file, tests: ["the answer (of all)"] }];
  const passed = await runSuites(copy.folder, one, { schedules: 1 });
  expect(passed.finding).toBeNull();
  expect(passed.cpuMs).toBeGreaterThan(0);
  await copy.plant(replacing("= answer", "= 43"));
  expect((await runSuites(copy.folder, one, { schedules: 1 })).finding).toMatchObject({
    by: "test the answer (of all) is right",
    isChecker: true,
  });
  expect(
    (await runSuites(copy.folder, [{ ...file, tests: ["the answer is not"] }], { schedules: 1 })).finding,
  ).toBeNull();
});

test("a test that ends with an error of the language is a crash", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  await copy.plant(replacing("= answer", "= (undefined).answer"));
  const suite = { folder: "packages/raft", file: "test/a.test.ts", tests: ["the answer"] };
  const { finding } = await runSuites(copy.folder, [suite], { schedules: 1 });
  expect(finding).toMatchObject({ by: "crash", isChecker: false });
});

test("a test that does not end is no kill", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  await copy.plant(replacing("= answer", "= answer - 42"));
  const suite = { folder: "packages/raft", file: "test/a.test.ts", tests: ["the answer comes"] };
  const { finding } = await runSuites(copy.folder, [suite], { schedules: 1 });
  expect(finding).toMatchObject({ by: "timeout", isChecker: false });
});

test("a test that goes on and on ends with the CPU time it may take, and no kill", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  await copy.plant(replacing("= answer", "= answer - 35"));
  const suite = { folder: "packages/raft", file: "test/a.test.ts", tests: ["the search"] };
  const { finding, cpuMs } = await runSuites(copy.folder, [suite], { schedules: 1, mostCpuMs: 3_000 });
  expect(finding).toMatchObject({ by: "timeout", isChecker: false });
  expect(cpuMs).toBeGreaterThan(3_000);
});

test("a suite whose code does not load is a crash", { timeout }, async () => {
  await using copy = await Workspace.create(root);
  await copy.plant(replacing("./index.ts", "./gone.ts"));
  const suite = { folder: "packages/raft", file: "test/a.test.ts", tests: ["the answer"] };
  const { finding } = await runSuites(copy.folder, [suite], { schedules: 1 });
  expect(finding).toMatchObject({ by: "crash", isChecker: false });
});
