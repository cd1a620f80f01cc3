/** Every way in which a run is disturbed. What the simulator knows, too, has the name it has there. */
export const faultKinds = [
  "crash",
  "crash-leader",
  "crash-all",
  "stop-in-order",
  "pause",
  "pause-leader",
  "isolate-one",
  "isolate-leader",
  "isolate-and-pause",
  "isolate-elected",
  "halves",
  "bridge",
  "majorities-ring",
  "one-way",
  "half-open",
  "flapping",
  "client-cut",
  "reset",
  "delay",
  "throttle",
  "failing-disk",
  "slow-disk",
  "power-loss",
  "wall-jump",
  "clock-drift",
  "members",
] as const;

/** What only a proxy can do to bytes: the others cut whole packets off. */
export const proxyKinds: readonly FaultKind[] = ["half-open", "reset", "delay", "throttle"];

/** What takes a library that is preloaded into members. */
export const preloadKinds: readonly FaultKind[] = [
  "failing-disk",
  "slow-disk",
  "power-loss",
  "isolate-elected",
  "wall-jump",
  "clock-drift",
];

export type FaultKind = (typeof faultKinds)[number];

/** The simulator's faults but for those that wait for a moment of the code. */
export interface Fault {
  /** Milliseconds since the clients began. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Resolved when it fires: `leader`, `follower`, `any`, `node#k`, `client#k`, `majority` (with the leader), `all`. */
  readonly target: string;
  /** How long it lasts; 0 when it is over at once. */
  readonly durMs: number;
  /** What else the kind needs. */
  readonly args: Readonly<Record<string, number | boolean | string>>;
}

/** How the disks of a run fail once they do. */
export type DiskMode = "sync-once" | "sync-forever" | "write-eio" | "write-full" | "sync-slow";

/** `mixed`: each third client does all that is no work on registers, the others do that. */
export const workloads = [
  "register",
  "lock",
  "election",
  "counter",
  "tree",
  "lease",
  "registry",
  "queue",
  "mixed",
] as const;

export type WorkloadName = (typeof workloads)[number];

/** Where clients are: in a process apart from all members, in the members' own processes, or every second one there. */
export const clientKinds = ["thin", "embedded", "mixed"] as const;

export type ClientKind = (typeof clientKinds)[number];

/** A whole run as plain data. What real processes make of it differs from run to run. */
export interface Plan {
  readonly format: 1;
  readonly name: string;
  readonly seed: number;
  readonly nodes: number;
  /** Members that may join later. */
  readonly spares: number;
  readonly workload: WorkloadName;
  /** Sessions at once. */
  readonly clients: number;
  readonly clientKind: ClientKind;
  /** Requests that each keeps in flight. */
  readonly lanes: number;
  readonly sessionTtlMs: number;
  /** Mean pause between two requests of a lane. */
  readonly thinkMs: number;
  /** How long clients work, at least. */
  readonly loadMs: number;
  /** What `failing-disk` and `slow-disk` mean here. */
  readonly diskMode: DiskMode;
  readonly faults: readonly Fault[];
}

/** Sorted by time. */
export function byTime(faults: readonly Fault[]): Fault[] {
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

/** Of all members there are or may be, in the order in which they come. */
export function memberIds({ nodes, spares }: Plan): string[] {
  return Array.from({ length: nodes + spares }, (_, position) => `n${position + 1}`);
}

/** Numbers of the clients that are within a member's process; all others reach members over connections of their own. */
export function embeddedClients({ clients, clientKind }: Plan): number[] {
  const all = Array.from({ length: clients }, (_, k) => k);
  if (clientKind === "mixed") return all.filter((k) => k % 2 === 1);
  return clientKind === "embedded" ? all : [];
}
