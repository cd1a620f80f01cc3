import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeTraces } from "../src/verdict/judge-traces.ts";

function leads(node: string, term: number): object {
  return { node, type: "soft", role: "leader", term, leader: node };
}

function begins(node: string): object {
  return { node, type: "recovered" };
}

function applies(node: string, index: number, checksum: number, term = 1): object {
  return { node, type: "apply", index, term, checksum };
}

/** Invariants that are broken by what members, in their order, left in their traces. */
async function broken(...traces: readonly (readonly (object | string)[])[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "flotilla-traces-"));
  for (const [position, records] of traces.entries()) {
    const lines = records.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
    writeFileSync(join(folder, `n${position + 1}.trace`), lines.join("\n"));
  }
  const found = await judgeTraces(folder, ["n1", "n2", "n3"]);
  rmSync(folder, { recursive: true });
  return found.map(({ invariant }) => invariant);
}

test("members that lead in turn and apply the same, also again after a restart, contradict nobody", async () => {
  const good = await broken(
    [leads("n1", 1), applies("n1", 1, 7), applies("n1", 1, 7), { node: "n1", type: "step" }],
    [leads("n2", 2), applies("n2", 1, 7), '{"node":"n2","type":"apply","ind'],
  );
  expect(good).toEqual([]);
});

test("two leaders of a term and two entries of an index are told, once each", async () => {
  expect(
    await broken([applies("n1", 1, 7), leads("n1", 3), leads("n1", 3)], [leads("n2", 3), leads("n2", 3)]),
  ).toEqual(["ElectionSafety"]);
  expect(
    await broken([leads("n1", 1), applies("n1", 4, 7)], [applies("n2", 4, 8), applies("n2", 4, 8)]),
  ).toEqual(["StateMachineSafety"]);
  expect(await broken([leads("n1", 1), applies("n1", 4, 7)], [applies("n2", 4, 7, 2)])).toEqual([
    "StateMachineSafety",
  ]);
});

test("a member that leads a term in two of its lives is told", async () => {
  const life = [begins("n1"), leads("n1", 3), applies("n1", 4, 7), leads("n1", 3)];
  expect(await broken([...life, begins("n1"), leads("n1", 4)])).toEqual([]);
  expect(await broken([...life, begins("n1"), leads("n1", 3)])).toEqual(["ElectionSafety"]);
});

test("traces that tell nothing are no proof", async () => {
  expect(await broken()).toEqual(["Completed", "Completed"]);
  expect(await broken([{ node: "n1", type: "step" }])).toEqual(["Completed", "Completed"]);
  expect(await broken([leads("n1", 1)])).toEqual(["Completed"]);
  expect(await broken([applies("n1", 1, 7)])).toEqual(["Completed"]);
});
