import { parseArgs } from "node:util";
import type { ClientKind, FaultKind, WorkloadName } from "./plan/plan.ts";
import { clientKinds, faultKinds, workloads } from "./plan/plan.ts";

/** `auto`: namespaces where a plan and the machine allow it, else proxies. */
const networks = ["auto", "namespaces", "proxies"] as const;

export const usage: string = `usage: jepsen [--workload ${workloads.join("|")}] [--clients ${clientKinds.join("|")}] [--faults KIND,KIND] [--seconds N] [--nodes 3|5] [--lanes N] [--gap MS] [--ttl MS] [--seed S] [--network N] [--out DIR] [--json]
       jepsen --suite default|availability [--seed S] [--network N] [--out DIR] [--json]
       jepsen --suite soak --minutes M [--clients KIND] [--lanes N] [--seed S] [--network N] [--out DIR] [--json]
       jepsen --suite power-loss|bit-rot --times N [--seed S] [--json]
networks: ${networks.join(" ")}
kinds of faults: ${faultKinds.join(" ")}`;

const suites = ["one", "default", "availability", "soak", "power-loss", "bit-rot"] as const;

/** What is asked for on the command line. */
export interface Asked {
  readonly suite: (typeof suites)[number];
  readonly workload: WorkloadName;
  /** Null: not asked for. */
  readonly clientKind: ClientKind | null;
  readonly kinds: readonly FaultKind[];
  readonly seconds: number;
  readonly minutes: number;
  /** How often the fault of a disk suite strikes. */
  readonly times: number;
  readonly nodes: number;
  readonly seed: number;
  /** Mean time from one fault to the next, ms. */
  readonly gapMs: number;
  /** TTL of sessions, ms. */
  readonly sessionTtlMs: number;
  /** Requests that each session keeps in flight. */
  readonly lanes: number;
  readonly network: (typeof networks)[number];
  /** Where the folders of the runs go; null: nothing is kept unless a run fails. */
  readonly out: string | null;
  readonly json: boolean;
}

/** @param anySeed used when none is given @throws RangeError, TypeError with what is wrong, for people */
export function readOptions(args: readonly string[], anySeed: number): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workload: { type: "string", default: "mixed" },
      clients: { type: "string" },
      faults: { type: "string", default: "crash-leader,pause,halves,one-way" },
      seconds: { type: "string", default: "15" },
      minutes: { type: "string", default: "10" },
      times: { type: "string", default: "20" },
      nodes: { type: "string", default: "3" },
      gap: { type: "string", default: "2000" },
      ttl: { type: "string", default: "3000" },
      lanes: { type: "string", default: "4" },
      seed: { type: "string", default: String(anySeed) },
      suite: { type: "string", default: "one" },
      network: { type: "string", default: "auto" },
      out: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const kinds = values.faults === "" ? [] : values.faults.split(",");
  return {
    suite: oneOf(suites, values.suite, "suite"),
    workload: oneOf(workloads, values.workload, "workload"),
    clientKind: values.clients === undefined ? null : oneOf(clientKinds, values.clients, "kind of clients"),
    kinds: kinds.map((kind) => oneOf(faultKinds, kind, "kind of fault")),
    seconds: number(values.seconds, "seconds", 1, 86_400),
    minutes: number(values.minutes, "minutes", 1, 100_000),
    times: number(values.times, "times", 1, 1_000_000),
    nodes: Number(oneOf(["3", "5"] as const, values.nodes, "number of nodes")),
    seed: number(values.seed, "seed", 0, 2 ** 32 - 1),
    gapMs: number(values.gap, "gap", 100, 1_000_000),
    sessionTtlMs: number(values.ttl, "ttl", 500, 120_000),
    lanes: number(values.lanes, "lanes", 1, 64),
    network: oneOf(networks, values.network, "network"),
    out: values.out ?? null,
    json: values.json,
  };
}

function oneOf<T extends string>(known: readonly T[], given: string, what: string): T {
  const found = known.find((each) => each === given);
  if (found === undefined) throw new RangeError(`no ${what} "${given}"; there are ${known.join(", ")}`);
  return found;
}

function number(given: string, what: string, least: number, most: number): number {
  const value = Number(given);
  if (given === "" || !Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`--${what} takes an integer from ${least} to ${most}, got "${given}"`);
  return value;
}
