import { parseArgs } from "node:util";
import type { SystemName } from "./clients/open.ts";
import type { CoordFigure, CoordOptions } from "./coord/figure-names.ts";
import { coordFigures } from "./coord/figure-names.ts";
import type { KvFigure, KvOptions } from "./kv/figure-names.ts";
import { kvFigures } from "./kv/figure-names.ts";
import type { Workload, WorkloadName } from "./peers/workloads.ts";
import { sizedWorkloads, workloadNames } from "./peers/workloads.ts";
import type { SimpleOperation } from "./load/job.ts";
import type { RaftFigure, RaftOptions } from "./raft/figure-names.ts";
import { raftFigures } from "./raft/figure-names.ts";
import type { RecipeFigure, RecipeOptions } from "./recipes/figure-names.ts";
import { recipeFigures } from "./recipes/figure-names.ts";
import type { Pins } from "./systems/launch.ts";

export type PeerName = Extract<SystemName, "zookeeper" | "etcd">;

/** `bench peers` */
export interface PeersOptions {
  readonly type: "peers";
  readonly peers: readonly PeerName[];
  readonly only: readonly WorkloadName[];
  /** Only rows with so many connections; null: all. */
  readonly connections: readonly number[] | null;
  /** How long each round is measured. */
  readonly seconds: number;
  readonly rounds: number;
  /** How often a noisy round is done again. */
  readonly repeats: number;
  /** Leaders killed; others are ended, or hang, half as often. */
  readonly trials: number;
  /** Idle ones of W9. */
  readonly sessions: number;
  /** Of the tree in W10, W11 and W14. */
  readonly nodes: number;
  /** Of Flotilla's cluster; other than three only without peers. */
  readonly members: number;
  /** Of the workloads whose clients are processes of their own, W6 aside. */
  readonly valueBytes: number;
  readonly json: boolean;
  readonly pins: Pins;
  /** Folder for data; null: the system's temporary folder. */
  readonly folder: string | null;
}
/** `bench micro` */
export interface MicroOptions {
  readonly type: "micro";
  /** Parts of names; empty: all. */
  readonly only: readonly string[];
  readonly json: boolean;
  readonly folder: string | null;
}
/** `bench flame` */
export interface FlameOptions {
  readonly type: "flame";
  readonly workload: Workload<SimpleOperation>;
  /** The load runs in a member of its own process, as in W13. */
  readonly embedded: boolean;
  readonly seconds: number;
  /** Where the profiles and graphs go. */
  readonly out: string;
  readonly pins: Pins;
  readonly folder: string | null;
}
/** `bench raft` */
export interface RaftBenchOptions extends RaftOptions {
  readonly type: "raft";
  readonly pins: Pins;
  readonly folder: string | null;
}
/** `bench kv` */
export interface KvBenchOptions extends KvOptions {
  readonly type: "kv";
  readonly folder: string | null;
}
/** `bench coord` */
export interface CoordBenchOptions extends CoordOptions {
  readonly type: "coord";
  readonly folder: string | null;
}
/** `bench recipes` */
export interface RecipeBenchOptions extends RecipeOptions {
  readonly type: "recipes";
  readonly folder: string | null;
}
export type BenchOptions =
  | PeersOptions
  | MicroOptions
  | FlameOptions
  | RaftBenchOptions
  | KvBenchOptions
  | CoordBenchOptions
  | RecipeBenchOptions;

/** How to use the command. */
export const usage: string = `usage: npm run bench -- peers [options]     Flotilla beside ZooKeeper and etcd, and the floor
  --peers LIST      of zookeeper,etcd; "none" for Flotilla alone (default: those that are installed)
  --only LIST       of ${workloadNames.join(",")} (default: all)
  --connections L   only the rows with so many connections, e.g. 1,64
  --seconds N       how long each round of a load is measured (default 3)
  --rounds N        rounds, of which the median counts (default 3)
  --repeats N       how often a noisy round is done again (default 2)
  --trials N        W8: leaders killed (default 20); half as many stopped, and holders of W12 killed
  --sessions N      W9: idle sessions (default 10000)
  --nodes N         W10, W11, W14: nodes of the tree (default 1000000)
  --values BYTES    W1 to W5: bytes of a value (default 256)
  --members N       1, 3 or 5 members of Flotilla alone; W1 to W7 only
  --pin S:L         hold servers on cores S and the load on cores L, as for taskset -c; e.g. 0:1
  --dir DIR         where data goes (default: the system's temporary folder)
  --json            one JSON object a line
       npm run bench -- raft [options]      the figures asked of @flotilla/raft, on bare members
  --only LIST       of ${raftFigures.join(",")} (default: all)
  --seconds N       how long each is measured (default 10; idle at least 20)
  --trials N        leaders killed (default 100); a follower is blocked a fifth as often
  --results FILE    lines that \`npm run mutants -- --json\` printed, for the share of mutants killed
  --mutants         run the mutants too, for half an hour and more
  --pin CORES       hold the members on these cores (default: the first two)
  --json, --dir DIR  as above
       npm run bench -- kv [options]        the figures asked of @flotilla/kv
  --only LIST       of ${kvFigures.join(",")} (default: all)
  --nodes N         nodes of the tree (default 1000000)
  --trials N        snapshots written, and restored (default 3)
  --json, --dir DIR  as above
       npm run bench -- coord [options]     the figures asked of @flotilla/coord, ZooKeeper beside it when installed
  --only LIST       of ${coordFigures.join(",")} (default: all)
  --seconds N       how long each is measured (default 10; sessions and leases at least 30)
  --trials N        holders killed of each kind, processes started (default 20)
  --sessions N, --leases N  how many (default 10000, 100000)
  --json, --dir DIR  as above
       npm run bench -- recipes [options]   the figures asked of the recipes, ZooKeeper beside them when installed
  --only LIST       of ${recipeFigures.join(",")} (default: all)
  --seconds N       how long each is measured (default 10)
  --json, --dir DIR  as above
       npm run bench -- micro [--only PART,...] [--json] [--dir DIR]
       npm run bench -- flame [options]     profiles every member and the load, and draws flame graphs
  --workload NAME   W1, W3 or W4 (default W1)
  --connections N   default 64      --depth N   default 1
  --embedded        the load runs in the leader, on one session
  --seconds N       default 5       --out DIR   default .flotilla/flame
  --pin S:L, --dir DIR  as above`;

const profiled: readonly Pick<FlameOptions["workload"], "name" | "operation">[] = [
  { name: "W1", operation: "set" },
  { name: "W3", operation: "get" },
  { name: "W4", operation: "getLocal" },
];

const peerNames: readonly PeerName[] = ["zookeeper", "etcd"];
const coresPattern = /^\d+([-,]\d+)*$/;

function listOf<T extends string>(text: string | undefined, name: string, of: readonly T[]): readonly T[] {
  if (text === undefined) return of;
  return text.split(",").map((part) => {
    const found = of.find((each) => each.toLowerCase() === part.toLowerCase());
    if (found === undefined) throw new RangeError(`--${name}: ${part} is none of ${of.join(", ")}`);
    return found;
  });
}

interface Bounds {
  readonly otherwise: number;
  readonly least: number;
  readonly most: number;
}

const anyCount: Bounds = { otherwise: 1, least: 1, most: 10_000 };

function count(text: string | undefined, name: string, { otherwise, least, most }: Bounds): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name}: expected a whole number from ${least} to ${most}`);
}

function seconds(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new RangeError("--seconds: expected a number above 0, at most 3600");
}

function pins(text: string | undefined): Pins {
  if (text === undefined) return { servers: null, load: null };
  const [servers, load, ...more] = text.split(":");
  if (
    servers === undefined ||
    load === undefined ||
    more.length > 0 ||
    ![servers, load].every((part) => coresPattern.test(part))
  )
    throw new RangeError("--pin: expected cores of the servers, a colon, cores of the load, such as 0:1");
  return { servers, load };
}

const options = {
  peers: { type: "string" },
  only: { type: "string" },
  seconds: { type: "string" },
  rounds: { type: "string" },
  repeats: { type: "string" },
  pin: { type: "string" },
  dir: { type: "string" },
  json: { type: "boolean", default: false },
  embedded: { type: "boolean", default: false },
  mutants: { type: "boolean", default: false },
  results: { type: "string" },
  trials: { type: "string" },
  nodes: { type: "string" },
  sessions: { type: "string" },
  leases: { type: "string" },
  values: { type: "string" },
  members: { type: "string" },
  workload: { type: "string" },
  connections: { type: "string" },
  depth: { type: "string" },
  out: { type: "string" },
} as const;

type Switch = "json" | "embedded" | "mutants";
type Flags = Readonly<Partial<Record<Exclude<keyof typeof options, Switch>, string>>> &
  Readonly<Record<Switch, boolean>>;

const allowed: Readonly<Record<BenchOptions["type"], readonly string[]>> = {
  peers: [
    "peers",
    "only",
    "connections",
    "seconds",
    "rounds",
    "repeats",
    "trials",
    "sessions",
    "nodes",
    "values",
    "members",
    "pin",
    "dir",
    "json",
  ],
  micro: ["only", "json", "dir"],
  raft: ["only", "seconds", "trials", "results", "mutants", "pin", "dir", "json"],
  kv: ["only", "nodes", "trials", "dir", "json"],
  coord: ["only", "seconds", "trials", "sessions", "leases", "dir", "json"],
  recipes: ["only", "seconds", "dir", "json"],
  flame: ["workload", "embedded", "connections", "depth", "seconds", "out", "pin", "dir"],
};

function isCommand(text: string | undefined): text is BenchOptions["type"] {
  return text !== undefined && Object.hasOwn(allowed, text);
}

/**
 * Reads the arguments of the command. `installed` are the peers to take when none are named.
 * @throws TypeError, RangeError when they make no sense
 */
export function readArguments(args: readonly string[], installed: () => readonly PeerName[]): BenchOptions {
  const { positionals, values, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    tokens: true,
  });
  const [command, ...rest] = positionals;
  if (!isCommand(command) || rest.length > 0)
    throw new RangeError("expected one of peers, raft, kv, coord, recipes, micro, flame");
  for (const token of tokens) {
    if (token.kind === "option" && !allowed[command].includes(token.name))
      throw new RangeError(`--${token.name} is no option of ${command}`);
  }
  const flags: Flags = { ...values };
  const folder = flags.dir ?? null;
  switch (command) {
    case "peers":
      return { type: command, ...readPeers(flags, installed), folder };
    case "micro":
      return { type: command, only: flags.only?.split(",") ?? [], json: flags.json, folder };
    case "raft":
      return { type: command, ...readRaft(flags), folder };
    case "kv":
      return { type: command, ...readKv(flags), folder };
    case "coord":
      return { type: command, ...readCoord(flags, installed), folder };
    case "recipes":
      return { type: command, ...readRecipes(flags, installed), folder };
    default:
      return { type: command, ...readFlame(flags), folder };
  }
}

function readPeers(
  flags: Flags,
  installed: () => readonly PeerName[],
): Omit<PeersOptions, "type" | "folder"> {
  const alone = flags.members !== undefined;
  const named = flags.peers === "none" ? [] : listOf(flags.peers, "peers", peerNames);
  if (alone && flags.peers !== undefined && named.length > 0)
    throw new RangeError("--members: peers have three; use it with --peers none");
  const only = listOf(flags.only, "only", alone && flags.only === undefined ? sizedWorkloads : workloadNames);
  const unsized = alone ? only.find((name) => !sizedWorkloads.includes(name)) : undefined;
  if (unsized !== undefined) throw new RangeError(`--members: ${unsized} is measured with three`);
  return {
    peers: alone ? [] : flags.peers === undefined ? installed() : named,
    only,
    members: members(flags.members),
    valueBytes: count(flags.values, "values", { otherwise: 256, least: 1, most: 16_000 }),
    connections: flags.connections?.split(",").map((part) => count(part, "connections", anyCount)) ?? null,
    seconds: seconds(flags.seconds, 3),
    rounds: count(flags.rounds, "rounds", { otherwise: 3, least: 1, most: 99 }),
    repeats: count(flags.repeats, "repeats", { otherwise: 2, least: 0, most: 99 }),
    trials: count(flags.trials, "trials", { otherwise: 20, least: 1, most: 1_000 }),
    sessions: count(flags.sessions, "sessions", { otherwise: 10_000, least: 1, most: 15_000 }),
    nodes: count(flags.nodes, "nodes", { otherwise: 1_000_000, least: 100, most: 10_000_000 }),
    json: flags.json,
    pins: pins(flags.pin),
  };
}

function members(text: string | undefined): number {
  const value = text === undefined ? 3 : Number(text);
  if ([1, 3, 5].includes(value)) return value;
  throw new RangeError("--members: expected 1, 3 or 5");
}

function readRaft(flags: Flags): Omit<RaftBenchOptions, "type" | "folder"> {
  const { pin = null } = flags;
  if (pin !== null && !coresPattern.test(pin))
    throw new RangeError("--pin: expected cores, as for taskset -c, such as 0,1");
  return {
    only: listOf<RaftFigure>(flags.only, "only", raftFigures),
    measureMs: seconds(flags.seconds, 10) * 1000,
    trials: count(flags.trials, "trials", { otherwise: 100, least: 1, most: 100_000 }),
    mutants: flags.mutants,
    results: flags.results ?? null,
    json: flags.json,
    pins: { servers: pin, load: null },
  };
}

function readKv(flags: Flags): KvOptions {
  return {
    only: listOf<KvFigure>(flags.only, "only", kvFigures),
    nodes: count(flags.nodes, "nodes", { otherwise: 1_000_000, least: 1, most: 10_000_000 }),
    trials: count(flags.trials, "trials", { otherwise: 3, least: 1, most: 1_000 }),
    json: flags.json,
  };
}

function readCoord(flags: Flags, installed: () => readonly PeerName[]): CoordOptions {
  return {
    only: listOf<CoordFigure>(flags.only, "only", coordFigures),
    measureMs: seconds(flags.seconds, 10) * 1000,
    trials: count(flags.trials, "trials", { otherwise: 20, least: 1, most: 10_000 }),
    sessions: count(flags.sessions, "sessions", { otherwise: 10_000, least: 1, most: 50_000 }),
    leases: count(flags.leases, "leases", { otherwise: 100_000, least: 1, most: 1_000_000 }),
    zooKeeper: installed().includes("zookeeper"),
    json: flags.json,
  };
}

function readRecipes(flags: Flags, installed: () => readonly PeerName[]): RecipeOptions {
  return {
    only: listOf<RecipeFigure>(flags.only, "only", recipeFigures),
    measureMs: seconds(flags.seconds, 10) * 1000,
    zooKeeper: installed().includes("zookeeper"),
    json: flags.json,
  };
}

function readFlame(flags: Flags): Omit<FlameOptions, "type" | "folder"> {
  const wanted = (flags.workload ?? "W1").toUpperCase();
  const like = profiled.find(({ name }) => name === wanted);
  if (like === undefined) throw new RangeError("--workload: expected W1, W3 or W4");
  const connections = count(flags.connections, "connections", { ...anyCount, otherwise: 64 });
  const depth = count(flags.depth, "depth", anyCount);
  return {
    workload: flags.embedded
      ? { ...like, name: "W13", connections: 1, depth }
      : { ...like, connections, depth },
    embedded: flags.embedded,
    seconds: seconds(flags.seconds, 5),
    out: flags.out ?? ".flotilla/flame",
    pins: pins(flags.pin),
  };
}
