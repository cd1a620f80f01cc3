import type { Operation, SimpleOperation } from "../load/job.ts";

/** Names as in the table of the documentation, in the order in which they are measured. */
export const workloadNames = [
  "floor",
  "W1",
  "W2",
  "W3",
  "W4",
  "W5",
  "W6",
  "W7",
  "W8",
  "W9",
  "W10",
  "W11",
  "W12",
  "W13",
  "W14",
] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** Those that clusters of any size can be asked of. */
export const sizedWorkloads: readonly WorkloadName[] = ["W1", "W2", "W3", "W4", "W5", "W6", "W7"];

/** One row: so many connections, so many operations under way on each. */
export interface Workload<O extends Operation = Operation> {
  readonly name: WorkloadName;
  readonly operation: O;
  readonly connections: number;
  readonly depth: number;
  /** Spread over the connections. Default 0. */
  readonly watchers?: number;
}

function rows<O extends Operation>(
  name: WorkloadName,
  operation: O,
  shapes: readonly (readonly [connections: number, depth: number])[],
): Workload<O>[] {
  return shapes.map(([connections, depth]) => ({ name, operation, connections, depth }));
}

function fanOut(operation: "watch" | "watchEvent"): Workload[] {
  return [100, 1_000].map((watchers) => ({ name: "W6", operation, connections: 16, depth: 1, watchers }));
}

const operationNames: Readonly<Record<Operation, string>> = {
  set: "set",
  get: "linearizable get",
  getLocal: "local get",
  ephemeral: "ephemeral sequential, create + delete",
  mixed: "90 % linearizable get, 10 % set",
  mixedLocal: "90 % local get, 10 % set",
  lock: "one lock, hand-over",
  watch: "last delivery of a value",
  watchEvent: "last delivery of an event without its value",
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
  ...rows("W2", "ephemeral", [
    [1, 1],
    [64, 1],
  ]),
  ...rows("W3", "get", [
    [1, 1],
    [64, 1],
  ]),
  ...rows("W4", "getLocal", [
    [1, 1],
    [64, 1],
  ]),
  ...rows("W5", "mixed", [[64, 1]]),
  ...rows("W5", "mixedLocal", [[64, 1]]),
  ...fanOut("watch"),
  ...fanOut("watchEvent"),
  ...rows("W7", "lock", [[16, 1]]),
];

/** Which systems a workload can be asked of. */
export function canDo(system: string, { operation }: Workload): boolean {
  if (system === "floor") return operation === "set";
  return operation !== "watchEvent" || system === "zookeeper";
}

/** The load is in the member's own process and uses its own session. */
export const embeddedWorkloads: readonly Workload<SimpleOperation>[] = (
  ["set", "getLocal", "get"] as const
).flatMap((operation) =>
  rows("W13", operation, [
    [1, 1],
    [1, 64],
  ]),
);

/** For people: `W1 set, 16 × 16`. */
export function title({ name, operation, connections, depth, watchers = 0 }: Workload): string {
  const where = name === "W13" ? "embedded, " : "";
  const whose = watchers === 0 ? "" : `${watchers} watchers over `;
  return `${name} ${where}${operationNames[operation]}, ${whose}${connections} × ${depth}`;
}
