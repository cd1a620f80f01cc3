import type { SystemName } from "../clients/open.ts";
import type { Operation } from "../load/job.ts";
import { atLeast, atMost } from "../report/asked.ts";
import type { Asked } from "../report/asked.ts";
import type { Finding } from "./finding.ts";
import type { Row } from "./summary.ts";
import type { WorkloadName } from "./workloads.ts";

/** Everything a run has found. */
export interface Found {
  readonly rows: readonly Row[];
  readonly findings: readonly Finding[];
}

/** How many of what was asked for. */
export interface Extent {
  readonly sessions: number;
  readonly nodes: number;
}

interface RowShape {
  readonly connections?: number;
  readonly depth?: number;
  readonly watchers?: number;
}

/** Of one system; absent when it was not measured. */
type Figure = (system: SystemName) => number | undefined;

function ratio(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined || !Number.isFinite(a / b) ? null : a / b;
}

/** The better of the peers: null unless all that were asked for are known. */
function better(figure: Figure, of: (...values: number[]) => number): number | undefined {
  const known = [figure("zookeeper"), figure("etcd")].filter((value) => value !== undefined);
  return known.length === 0 ? undefined : of(...known);
}

function overMost(figure: Figure): number | null {
  return ratio(figure("flotilla"), better(figure, Math.max));
}

function overLeast(figure: Figure): number | null {
  return ratio(figure("flotilla"), better(figure, Math.min));
}

class Finder {
  readonly #found: Found;

  constructor(found: Found) {
    this.#found = found;
  }

  /** A figure of the rows of one shape. */
  row(
    name: WorkloadName,
    operation: Operation,
    { connections = 64, depth = 1, watchers = 0 }: RowShape,
    of: (row: Row) => number,
  ): Figure {
    return (system) => {
      const row = this.#found.rows.find(
        ({ workload, ...each }) =>
          each.system === system &&
          workload.name === name &&
          workload.operation === operation &&
          workload.connections === connections &&
          workload.depth === depth &&
          (workload.watchers ?? 0) === watchers,
      );
      return row === undefined ? undefined : of(row);
    };
  }

  /** A figure by its name. */
  finding(name: WorkloadName, what: string, figure: string): Figure {
    return (system) =>
      this.#found.findings.find(
        (each) => each.workload === name && each.system === system && each.what === what,
      )?.figures[figure];
  }
}

const perSecond = ({ perSecond: value }: Row): number => value;
const p50Ms = ({ p50Ms: value }: Row): number => value;
const serverCpuUs = ({ serverCpuUs: value }: Row): number => value;

function writes(finder: Finder): Asked[] {
  const rates = [64, 256].flatMap((connections) => {
    const rate = finder.row("W1", "set", { connections }, perSecond);
    return (["zookeeper", "etcd"] as const).map((peer) =>
      atLeast(
        `W1, ${connections} connections, writes: Flotilla / ${peer}`,
        ratio(rate("flotilla"), rate(peer)),
        3,
        "x",
      ),
    );
  });
  const one = finder.row("W1", "set", { connections: 1 }, p50Ms);
  const cpu = finder.row("W1", "set", {}, serverCpuUs);
  const cpuRatio = ratio(cpu("flotilla"), cpu("zookeeper"));
  return [
    ...rates,
    atMost("W1, 1 connection, p50: Flotilla / better peer", overLeast(one), 0.6, "x"),
    atMost("W1, 1 connection, p50: Flotilla / floor", ratio(one("flotilla"), one("floor")), 2.5, "x"),
    atMost("W1, 64 connections, server CPU of a write: Flotilla / ZooKeeper", cpuRatio, 0.5, "x"),
  ];
}

function reads(finder: Finder): Asked[] {
  const linearizable = finder.row("W3", "get", {}, perSecond);
  const local = finder.row("W4", "getLocal", {}, perSecond);
  const embedded = { connections: 1, depth: 64 };
  const embeddedLocal = finder.row("W13", "getLocal", embedded, perSecond)("flotilla");
  const embeddedSet = finder.row("W13", "set", embedded, perSecond)("flotilla");
  const set = finder.row("W1", "set", {}, perSecond)("flotilla");
  const peersLocal = better(local, Math.max);
  return [
    atLeast("W3, 64 connections, linearizable gets: Flotilla / better peer", overMost(linearizable), 2, "x"),
    atLeast("W4, 64 connections, local gets: Flotilla / better peer", overMost(local), 1.2, "x"),
    atLeast(
      "W13, local get, 64 deep, embedded / W4 of the better peer",
      ratio(embeddedLocal, peersLocal),
      10,
      "x",
    ),
    atLeast("W13, set, 64 deep, embedded / own W1 with 64 connections", ratio(embeddedSet, set), 1.2, "x"),
  ];
}

function others(finder: Finder): Asked[] {
  const delivery = finder.row("W6", "watch", { connections: 16, watchers: 1_000 }, p50Ms);
  const lock = finder.row("W7", "lock", { connections: 16 }, perSecond);
  return [
    atMost("W6, 1,000 watchers, last delivery, p50: Flotilla / better peer", overLeast(delivery), 0.7, "x"),
    atLeast("W7, hand-overs of a lock: Flotilla / better peer", overMost(lock), 2, "x"),
  ];
}

function sessions(finder: Finder, { sessions: count, nodes }: Extent): Asked[] {
  const killed = (figure: string): Figure => finder.finding("W8", "leader killed", figure);
  const stopped = finder.finding("W8", "leader stopped", "p50Ms");
  const cpu = finder.finding("W9", `${count} idle sessions`, "cpuPercent");
  const ready = finder.finding("W10", `restart with ${nodes} nodes`, "readyMs");
  const memory = finder.finding("W11", `${nodes} nodes`, "bytesOfNode");
  const holder = finder.finding("W12", "holder killed", "p50Ms");
  const than = "Flotilla / better peer";
  return [
    atMost(`W8, leader killed to the next write, p50: ${than}`, overLeast(killed("p50Ms")), 0.5, "x"),
    atMost(`W8, leader killed to the next write, max: ${than}`, overLeast(killed("maxMs")), 0.5, "x"),
    atMost(`W8, leader stopped to the next write, p50: ${than}`, overLeast(stopped), 1, "x"),
    atMost(`W9, ${count} idle sessions, CPU of the servers: ${than}`, overLeast(cpu), 0.5, "x"),
    atMost(`W10, restart with ${nodes} nodes, time to ready: ${than}`, overLeast(ready), 1, "x"),
    atMost(
      `W11, memory of one of ${nodes} nodes: Flotilla / ZooKeeper`,
      ratio(memory("flotilla"), memory("zookeeper")),
      1,
      "x",
    ),
    atMost(`W12, holder killed until others know, p50: ${than}`, overLeast(holder), 0.5, "x"),
  ];
}

function loops(finder: Finder): Asked[] {
  return ["W1", "snapshot", "rejoin"].flatMap((what) => {
    const figure = (name: string): number | null => finder.finding("W14", what, name)("flotilla") ?? null;
    const loop = `W14, ${what}: delay of the host's event loop beyond an idle process`;
    return [
      atMost(`${loop}, p99.9`, figure("p999Ms"), 10, "ms"),
      atMost(`${loop}, max`, figure("maxMs"), 40, "ms"),
    ];
  });
}

/** Every figure that is asked for, in a fixed order. */
export function askedFigures(found: Found, extent: Extent): Asked[] {
  const finder = new Finder(found);
  const all = [...writes(finder), ...reads(finder), ...others(finder)];
  return [...all, ...sessions(finder, extent), ...loops(finder)];
}
