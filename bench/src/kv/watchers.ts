import type { TreeEvent, WatchKind } from "@flotilla/kv";
import { Machine, WatchTable } from "@flotilla/kv";
// Feeds are no part of the package's face: a bench looks behind it.
import { SessionHub } from "../../../packages/coord/dist/server/session-hub.js";
import { WatchFeed } from "../../../packages/coord/dist/server/watch-feed.js";
import { encodeServerMessage } from "../../../packages/coord/dist/wire/server-codec.js";
import type { Times } from "./messages.ts";
import { OwnTimes } from "./own-times.ts";
import { TreeCommands } from "./tree-commands.ts";

const warmUp = 200;
const writes = 2_000;
const matchesOfTrial = 5_000;
const trials = 40;
const historyId = "f".repeat(32);
const quiet = {
  revision: 1,
  ordinal: 0,
  type: "changed",
  node: null,
  previous: null,
  by: null,
  timeMs: 1_700_000_000_000,
} as const;
const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

/** A hub whose sessions each have one watch; what they are told is queued as frames. */
class Watched {
  readonly machine = new Machine();
  readonly hub = new SessionHub(this.machine);
  readonly commands = new TreeCommands(2_000);
  queued: Uint8Array[] = [];
  #index: number;

  constructor() {
    this.#index = this.commands.grow(this.machine);
  }

  watch(path: string, kind: WatchKind): void {
    const port = {
      isBlocked: false,
      send: (message: Parameters<typeof encodeServerMessage>[0]) =>
        void this.queued.push(encodeServerMessage(message)),
      wake: () => {},
    };
    const feed = new WatchFeed({
      machine: this.machine,
      table: this.hub.watches,
      port,
      clock: { setTimer: () => expectNone("timer") },
      stint: { queue: () => {} },
      historyId: () => historyId,
      probe: () => {},
    });
    feed.arm({ id: 1, path, kind, from: null, wants: null });
  }

  /** Applies one write, and tells who watches. */
  write(times: OwnTimes): void {
    this.#index += 1;
    const payload = this.commands.set(() => 0.9);
    const applied = this.machine.apply(payload, { index: this.#index, timeMs: 1_800_000_000_000 });
    const events = this.machine.takeEvents();
    this.queued = [];
    times.run(() => this.hub.applied(applied, events));
  }
}

function expectNone(what: string): never {
  throw new Error(`no ${what} was asked for`);
}

/** How long one write keeps the loop until the events of all its watchers are queued as frames. */
export function queueing(watchers: number): Times {
  const watched = new Watched();
  for (let count = 0; count < watchers; count += 1) watched.watch("/", "recursive");
  const warm = new OwnTimes();
  for (let count = 0; count < warmUp; count += 1) watched.write(warm);
  const times = new OwnTimes();
  for (let count = 0; count < writes; count += 1) {
    watched.write(times);
    if (watched.queued.length !== watchers) throw new Error("a watcher was not told");
  }
  return times.times;
}

/**
 * What finding the one watch of a change costs, µs: of a node so deep, beside so many watches of all kinds elsewhere.
 * The least of many trials.
 */
export function matchUs(depth: number, elsewhere: number): number {
  const table = new WatchTable<number>();
  const path = "/n".repeat(depth);
  table.add(-1, path, "data");
  for (let id = 0; id < elsewhere; id += 1) {
    const kind = kinds[id % kinds.length] ?? "data";
    table.add(id, `/elsewhere/${id % 1_000}/${id}`, kind);
  }
  const event: TreeEvent = { ...quiet, path };
  const trial = (): number => {
    const times = new OwnTimes();
    let found = 0;
    times.run(() => {
      for (let count = 0; count < matchesOfTrial; count += 1) table.match(event, () => (found += 1));
    });
    if (found !== matchesOfTrial) throw new Error("a watch was not found");
    return (times.times.p50Ms * 1_000) / matchesOfTrial;
  };
  return Math.min(...Array.from({ length: trials }, trial));
}
