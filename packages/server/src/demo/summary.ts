import type { FaultKind, FaultReport } from "./faults.ts";
import type { Spread } from "./measure.ts";
import { spread } from "./measure.ts";

/** The last line of a run. */
export interface Summary {
  readonly type: "summary";
  /** Answered. */
  readonly queries: number;
  readonly wrong: number;
  /** Queries that needed more than one attempt. */
  readonly retried: number;
  /** Leaders seen. */
  readonly elections: number;
  /** Of those leaders, in order. */
  readonly epochs: readonly number[];
  readonly staleRefused: number;
  /** Over all faults: how long writes stood still. */
  readonly writesResumedMs: Spread;
  /** How long there was no living leader. */
  readonly vacancyMs: Spread;
  /** How long there was no correct answer. */
  readonly outageMs: Spread;
  /** How often each fault was done. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

/** What a run came to. */
export interface Outcome {
  /** Ended by its user before its time. */
  readonly stopped: boolean;
  readonly queries: number;
  readonly wrong: number;
  readonly retried: number;
  readonly epochs: readonly number[];
  readonly epochsGrew: boolean;
  readonly staleRefused: number;
  readonly crashes: number;
  readonly reports: readonly FaultReport[];
}

export function summarize(outcome: Outcome): Summary {
  const { queries, wrong, retried, epochs, staleRefused, reports } = outcome;
  const faults: Partial<Record<FaultKind, number>> = {};
  for (const { kind } of reports) faults[kind] = (faults[kind] ?? 0) + 1;
  return {
    type: "summary",
    queries,
    wrong,
    retried,
    elections: epochs.length,
    epochs,
    staleRefused,
    writesResumedMs: spread(reports.map((report) => report.writesMs)),
    vacancyMs: spread(reports.map((report) => report.vacancyMs)),
    outageMs: spread(reports.map((report) => report.outageMs)),
    faults,
  };
}

/** What was wrong, one sentence each; empty when nothing was. */
export function complaints(outcome: Outcome): string[] {
  const { stopped, queries, wrong, epochsGrew, crashes, reports } = outcome;
  const lost = reports.filter((report) => !report.recovered).map((report) => report.kind);
  return [
    ...(queries === 0 && !stopped ? ["no query was answered"] : []),
    ...(wrong > 0 ? [`${wrong} answers were wrong`] : []),
    ...(epochsGrew ? [] : ["an epoch went back"]),
    ...(crashes > 0 ? [`${crashes} processes ended by an error of their own`] : []),
    ...(lost.length > 0 ? [`not recovered from ${lost.join(", ")}`] : []),
  ];
}

/** For people. */
export function summaryLines(summary: Summary): string[] {
  const { queries, wrong, retried, elections, staleRefused, writesResumedMs, vacancyMs, outageMs, faults } =
    summary;
  const done = Object.entries(faults).map(([kind, count]) => `${count} × ${kind}`);
  const lines = [
    `${queries} queries answered, ${wrong} wrong, ${retried} retried`,
    `${elections} leaders, ${staleRefused} tasks of replaced leaders refused`,
  ];
  if (done.length === 0) return lines;
  return [
    ...lines,
    `faults: ${done.join(", ")}`,
    `writes stood still ${text(writesResumedMs)}; no leader for ${text(vacancyMs)}; no correct answer for ${text(outageMs)}`,
  ];
}

function text({ p50, max }: Spread): string {
  return `${p50 ?? "-"} ms (median), ${max ?? "-"} ms (longest)`;
}
