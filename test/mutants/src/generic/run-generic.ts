import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hash } from "@flotilla/runtime/sim";
import type { Suite } from "../suite-list.ts";
import { runSuites } from "../suite-run.ts";
import { Workspace } from "../workspace.ts";
import type { SmallChange } from "./operators.ts";
import { smallChanges } from "./operators.ts";
import type { Subject } from "./subjects.ts";

/** How a run is drawn and bounded. */
export interface GenericOptions {
  readonly root: string;
  readonly subject: Subject;
  /** So many of all changes, drawn by `seed`, behind so many that it draws before them. */
  readonly sample: number;
  readonly skip: number;
  readonly seed: number;
  readonly onVerdict: (verdict: GenericVerdict) => void;
}

/** What is said of one small change. */
export interface GenericVerdict {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly killed: boolean;
  /** The test that failed, or how else it was noticed; null when nothing noticed. */
  readonly by: string | null;
  readonly cpuSeconds: number;
}

/** Tests that are random run this often: a change is to be found by many small tests. */
const schedules = 8;
const commands = 20_000;
/** A change that makes something endless is noticed: it takes so many times the CPU time of the unchanged code. */
const patience = 5;
const leastCpuMs = 20_000;
/** Of what waits and takes none. */
const longestMs = 600_000;

/** Tests that are asked together, and what they may take. */
interface Group {
  readonly suites: readonly Suite[];
  readonly mostCpuMs: number;
}

/** Makes small changes, one at a time, and asks the tests of the package whether they notice. */
export async function runGeneric(options: GenericOptions): Promise<GenericVerdict[]> {
  const { root, subject, sample, skip, seed } = options;
  await using workspace = await Workspace.create(root);
  const groups = await soundGroups(workspace, await groupsOf(join(root, subject.folder), subject));
  const all = await changesOf(workspace, join(root, subject.folder), subject);
  const verdicts: GenericVerdict[] = [];
  for (const change of drawn(all, skip + sample, seed).slice(skip)) {
    const verdict = await judge(change, workspace, groups);
    verdicts.push(verdict);
    options.onVerdict(verdict);
  }
  return verdicts;
}

/** The same ones for the same seed, spread over all. */
export function drawn<T>(all: readonly T[], sample: number, seed: number): T[] {
  return all
    .map((change, at) => ({ change, key: hash(seed, "small-change", at) }))
    .toSorted((a, b) => a.key - b.key)
    .slice(0, sample)
    .map(({ change }) => change);
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.map((name) => name.replaceAll("\\", "/")).toSorted();
}

async function groupsOf(folder: string, { tests, folder: of }: Subject): Promise<Suite[][]> {
  const names = (await filesIn(join(folder, "test"))).map((name) => `test/${name}`);
  const taken = new Set<string>();
  return tests.map((pattern) => {
    const files = names.filter((name) => name.endsWith(".test.ts") && pattern.test(name) && !taken.has(name));
    for (const file of files) taken.add(file);
    return files.map((file) => ({ folder: of, file, tests: [""] }));
  });
}

async function changesOf(workspace: Workspace, folder: string, subject: Subject): Promise<SmallChange[]> {
  const names = (await filesIn(join(folder, "src"))).map((name) => `src/${name}`);
  return names
    .filter((name) => subject.files.test(name))
    .map((name) => `${subject.folder}/${name}`)
    .flatMap((file) => smallChanges(file, workspace.source(file)));
}

async function judge(
  change: SmallChange,
  workspace: Workspace,
  groups: readonly Group[],
): Promise<GenericVerdict> {
  const { file, line, what, changed } = change;
  const edits = [{ file, find: workspace.source(file), replace: changed }];
  const remove = await workspace.plant({ id: what, severity: 4, title: what, killer: "", edits });
  try {
    const { by, cpuMs } = await noticed(workspace, groups);
    return { file, line, what, killed: by !== null, by, cpuSeconds: Math.round(cpuMs / 100) / 10 };
  } finally {
    await remove();
  }
}

/** The groups with what the unchanged code takes for each. */
async function soundGroups(workspace: Workspace, all: readonly (readonly Suite[])[]): Promise<Group[]> {
  const groups: Group[] = [];
  for (const suites of all) {
    const { by, cpuMs } = await noticed(workspace, [{ suites, mostCpuMs: Infinity }]);
    if (by !== null) throw new Error(`the unchanged code fails: ${by}`);
    groups.push({ suites, mostCpuMs: Math.max(leastCpuMs, patience * cpuMs) });
  }
  return groups;
}

/** What noticed first, group by group. */
async function noticed(
  { folder }: Workspace,
  groups: readonly Group[],
): Promise<{ readonly by: string | null; readonly cpuMs: number }> {
  let spentMs = 0;
  for (const { suites, mostCpuMs } of groups) {
    const { finding, cpuMs } = await runSuites(folder, suites, { schedules, commands, longestMs, mostCpuMs });
    spentMs += cpuMs;
    if (finding !== null) return { by: finding.by, cpuMs: spentMs };
  }
  return { by: null, cpuMs: spentMs };
}
