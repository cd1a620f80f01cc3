import Table from "cli-table3";
import type { Asked } from "./asked.ts";
import { noiseLimit } from "../peers/summary.ts";
import type { Finding } from "../peers/finding.ts";
import type { Row } from "../peers/summary.ts";
import { title } from "../peers/workloads.ts";

/** Three significant digits, large numbers whole and grouped. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-GB");
  return value.toPrecision(3);
}

/** A plain table: the first column to the left, the others to the right. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const grid = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, k) => (k === 0 ? "left" : "right")),
  });
  for (const line of lines) grid.push([...line]);
  return grid.toString();
}

function noteOf({ noise, repeats }: Row): string {
  const mark = noise > noiseLimit ? "!" : "";
  return `${(noise * 100).toFixed(1)} %${mark}${repeats === 0 ? "" : ` (${repeats} again)`}`;
}

/** Systems side by side, workload by workload. */
export function resultsTable(rows: readonly Row[]): string {
  const head = [
    "workload",
    "system",
    "/s",
    "low–high",
    "p50 ms",
    "p99",
    "p99.9",
    "max",
    "server CPU µs",
    "client CPU µs",
    "server MB",
    "noise",
  ];
  const lines = rows.map((row) => [
    title(row.workload),
    row.system,
    figure(row.perSecond),
    row.perSecondRange.map(figure).join("–"),
    ...[row.p50Ms, row.p99Ms, row.p999Ms, row.maxMs, row.serverCpuUs, row.clientCpuUs].map(figure),
    figure(row.serverRssMb),
    noteOf(row),
  ]);
  return table(head, lines);
}

/** One table for each workload, in the order in which they come: what has the same figures stands together. */
export function findingTables(findings: readonly Finding[]): readonly string[] {
  const byWorkload = new Map<string, Finding[]>();
  for (const each of findings) {
    const all = byWorkload.get(each.workload);
    if (all === undefined) byWorkload.set(each.workload, [each]);
    else all.push(each);
  }
  return [...byWorkload].map(([workload, all]) => {
    const names = [...new Set(all.flatMap(({ figures }) => Object.keys(figures)))];
    const lines = all.map(({ what, system, figures }) => [
      what,
      system,
      ...names.map((name) => figure(figures[name] ?? Number.NaN)),
    ]);
    return table([workload, "system", ...names], lines);
  });
}

/** What is asked for beside what was measured. */
export function askedTable(asked: readonly Asked[]): string {
  const lines = asked.map((each) => [
    each.figure,
    each.value === null ? "not measured" : `${figure(each.value)} ${each.unit}`,
    each.asked,
    each.ok === null ? "–" : each.ok ? "yes" : "no",
  ]);
  return table(["figure", "measured", "asked", "reached"], lines);
}
