import type { SystemName } from "../clients/open.ts";
import type { Primitive } from "../floor/primitives.ts";
import { askedTable, figure, findingTables, resultsTable, table } from "../report/tables.ts";
import type { Asked } from "../report/asked.ts";
import type { Finding } from "./finding.ts";
import type { Machine } from "./machine.ts";
import { machineLine } from "./machine.ts";
import { noiseLimit } from "./summary.ts";
import type { Row } from "./summary.ts";
import type { Workload } from "./workloads.ts";
import { title } from "./workloads.ts";

/** Where results go as they come. */
export interface Report {
  machine(machine: Machine): void;
  /** For whoever waits; never part of the result. */
  progress(line: string): void;
  round(workload: Workload, system: SystemName): void;
  primitives(primitives: readonly Primitive[]): void;
  rows(rows: readonly Row[]): void;
  findings(findings: readonly Finding[]): void;
  asked(asked: readonly Asked[]): void;
}

/** How results are written: a line on standard output, a line of progress on standard error. */
export interface Lines {
  readonly out: (line: string) => void;
  readonly progress: (line: string) => void;
}

/** One JSON object a line: the machine, each primitive, each system under each workload, each figure asked for. */
export function jsonReport({ out, progress }: Lines): Report {
  const line = (value: object): void => out(JSON.stringify(value));
  return {
    machine: (machine) => line({ type: "machine", ...machine }),
    progress,
    round: (workload, system) => progress(`${title(workload)}: ${system}`),
    primitives: (primitives) => {
      for (const each of primitives) line({ type: "floor", ...each });
    },
    rows: (rows) => {
      for (const { workload, ...figures } of rows) {
        const { name, ...shape } = workload;
        line({ type: "result", workload: name, ...shape, ...figures });
      }
    },
    findings: (findings) => {
      for (const { figures, ...each } of findings) line({ type: "result", ...each, ...figures });
    },
    asked: (asked) => {
      for (const each of asked) line({ type: "asked", ...each });
    },
  };
}

/** Tables, printed when everything is there. */
export function tableReport({ out, progress }: Lines): Report {
  const all: Row[] = [];
  const found: Finding[] = [];
  return {
    machine: (machine) => out(machineLine(machine)),
    progress,
    round: (workload, system) => progress(`${title(workload)}: ${system}`),
    primitives: (primitives) => {
      const lines = primitives.map((each) => [
        each.name,
        ...[each.perSecond, each.p50Ms, each.p99Ms, each.p999Ms, each.maxMs].map(figure),
      ]);
      out(table(["floor", "/s", "p50 ms", "p99", "p99.9", "max"], lines));
    },
    rows: (rows) => {
      all.push(...rows);
    },
    findings: (findings) => {
      found.push(...findings);
    },
    asked: (asked) => {
      if (all.length > 0) {
        out(resultsTable(all));
        out(
          `noise: worst round's share of the machine taken by others; ! above ${noiseLimit * 100} % after repeats`,
        );
      }
      for (const each of findingTables(found)) out(each);
      out(askedTable(asked));
    },
  };
}
