import type { Operation } from "../load/job.ts";

/** Names as in the table of the documentation. */
export type WorkloadName = "W1" | "W3" | "W4" | "W13" | "floor";

export const workloadNames: readonly WorkloadName[] = ["floor", "W1", "W3", "W4", "W13"];

/** One row: so many connections, so many operations under way on each. */
export interface Workload {
  readonly name: WorkloadName;
  readonly operation: Operation;
  readonly connections: number;
  readonly depth: number;
}

function rows(
  name: WorkloadName,
  operation: Operation,
  shapes: readonly (readonly [connections: number, depth: number])[],
): Workload[] {
  return shapes.map(([connections, depth]) => ({ name, operation, connections, depth }));
}

const operationNames: Readonly<Record<Operation, string>> = {
  set: "set",
  get: "linearizable get",
  getLocal: "local get",
};

/** Clients in processes of their own, every system alike. */
export const remoteWorkloads: readonly Workload[] = [
  ...rows("W1", "set", [
    [1, 1],
    [16, 1],
    [64, 1],
    [256, 1],
    [16, 16],
  ]),
  ...rows("W3", "get", [
    [1, 1],
    [64, 1],
  ]),
  ...rows("W4", "getLocal", [
    [1, 1],
    [64, 1],
  ]),
];

/** The load is in the member's own process and uses its own session. */
export const embeddedWorkloads: readonly Workload[] = (["set", "getLocal", "get"] as const).flatMap(
  (operation) =>
    rows("W13", operation, [
      [1, 1],
      [1, 64],
    ]),
);

/** For people: `W1 set, 16 × 16`. */
export function title({ name, operation, connections, depth }: Workload): string {
  const where = name === "W13" ? "embedded, " : "";
  return `${name} ${where}${operationNames[operation]}, ${connections} × ${depth}`;
}
