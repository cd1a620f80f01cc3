import type { Node } from "@flotilla/kv";
import { readDecimal } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, WriteOptions } from "../../client/api.ts";
import { requireFunction } from "../../client/bad-argument.ts";
import { checkedLimits } from "../../client/call.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import { within } from "../bounded.ts";
import { readNodes } from "../children.ts";
import { requireInteger } from "../counted.ts";
import { givenBack } from "../given-back.ts";
import { ensureContainer, segment } from "../names.ts";
import { sticky } from "../shards/assignment.ts";
import type { Shard } from "../shards/api.ts";
import { firstOf } from "../shards/first.ts";
import { type Part, Participation } from "../shards/participation.ts";
import { shardOf } from "../shards/paths.ts";
import type { Wanted } from "../shards/planner.ts";
import { type OwnedShard, readOwned, readParticipant } from "../shards/records.ts";
import type { View } from "../shards/view.ts";
import { appearance } from "../standing.ts";
import { withParent } from "../with-parent.ts";
import type { Keeper, KeeperOptions, KeeperStatus, RestartOptions, SlotStatus, WorkerDriver } from "./api.ts";
import { keeperPaths, type KeeperPaths, scaleName } from "./paths.ts";
import { restartOptions } from "./restarts.ts";
import { readState, SlotReporter } from "./slot-states.ts";
import { supervise } from "./supervise.ts";

const maxReplicas = 4_096;
const maxWeight = 1_000;
const maxDrainMs = 86_400_000;

/**
 * Keeps workers alive, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createKeeper(session: Session, name: string, options: KeeperOptions = {}): Keeper {
  return new SessionKeeper(session, segment(name, "name"), options);
}

class SessionKeeper implements Keeper {
  readonly name: string;
  readonly #session: Session;
  readonly #paths: KeeperPaths;
  readonly #part: Omit<Part, "work">;
  readonly #driver: WorkerDriver | null;
  readonly #onError: NonNullable<KeeperOptions["onError"]>;
  readonly #restarts: Required<RestartOptions>;

  constructor(session: Session, name: string, options: KeeperOptions) {
    const { replicas = 1, driver = null, onError = null, weight = 1, drainMs = 10_000, restarts } = options;
    this.name = name;
    this.#session = session;
    this.#paths = keeperPaths(name);
    for (const each of [driver, onError]) if (each !== null) requireFunction(each);
    this.#driver = driver;
    this.#onError = onError ?? (() => {});
    this.#restarts = restartOptions(restarts);
    const { id, value } = appearance(session, options);
    this.#part = {
      appearance: {
        id,
        value,
        weight: requireInteger(weight, "weight", 0, maxWeight),
        count: requireInteger(replicas, "replicas", 0, maxReplicas),
      },
      drainMs: requireInteger(drainMs, "drainMs", 0, maxDrainMs),
      planning: { assign: sticky, wanted: wantedOf, resize: "any-time" },
      obstacle: () => null,
    };
  }

  async run(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const driver = this.#driver;
    if (driver === null)
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "driver: expected one, to run workers with");
    checkedLimits(options, Number.POSITIVE_INFINITY);
    if (options.signal?.aborted === true) return;
    const work = (shard: Shard): Promise<void> => this.#keep(shard, driver);
    await new Participation(this.#session, this.#paths, { ...this.#part, work }).run(options.signal);
  }

  async scale(replicas: number | null, options: WriteOptions = {}): Promise<void> {
    const { base, scale } = this.#paths;
    if (replicas === null) return this.#unscale(options);
    const value = String(requireInteger(replicas, "replicas", 0, maxReplicas));
    const session = this.#session;
    await withParent(
      session.clock,
      options,
      (bounds) => ensureContainer(session, base, bounds),
      (bounds) => session.put(scale, value, bounds),
    );
  }

  status(options: ReadOptions = {}): Promise<KeeperStatus> {
    return within(this.#session, options, `status of ${this.#paths.base}`, (bounds) => this.#status(bounds));
  }

  async #unscale(options: WriteOptions): Promise<void> {
    try {
      await this.#session.delete(this.#paths.scale, options);
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }

  async #keep(shard: Shard, driver: WorkerDriver): Promise<void> {
    const reporter = new SlotReporter(this.#session, this.#paths, shard);
    const { clock } = this.#session;
    const tell = (report: Parameters<SlotReporter["tell"]>[0]): void => void reporter.tell(report);
    await supervise(shard, { driver, onError: this.#onError, restarts: this.#restarts, clock, tell });
    await givenBack(this.#session, reporter.tell(null));
  }

  async #status(options: ReadOptions): Promise<KeeperStatus> {
    const { participants, owned, states, scale } = this.#paths;
    const session = this.#session;
    const [scaled, people, owners, reports] = await Promise.all([
      session.get(scale, options),
      readNodes(session, participants, options),
      readNodes(session, owned, options),
      readNodes(session, states, options),
    ]);
    const oldest = firstOf(people.map(({ name, node }) => readParticipant(name, node)));
    const replicas = scaleOf(scaled) ?? oldest?.count ?? this.#part.appearance.count;
    const owning = new Map<number, OwnedShard>();
    for (const { name, node } of owners) {
      const index = shardOf(name);
      if (index !== null) owning.set(index, readOwned(node));
    }
    const said = new Map(reports.map(({ name, node }) => [name, node]));
    const indexes = new Set([...Array.from({ length: replicas }, (_, index) => index), ...owning.keys()]);
    const slots = [...indexes]
      .toSorted((a, b) => a - b)
      .map((index) => statusOf(index, owning.get(index), said.get(String(index))));
    return { replicas, slots };
  }
}

function statusOf(index: number, owner: OwnedShard | undefined, node: Node | undefined): SlotStatus {
  if (owner === undefined) return { index, state: "vacant", owner: null, restarts: 0, lastEnd: null };
  const { id, value, mzxid: epoch } = owner;
  const report = readState(node, epoch) ?? { state: "starting", restarts: 0, lastEnd: null };
  return { index, owner: { id, value, epoch }, ...report };
}

function wantedOf(view: View): Wanted | null {
  const oldest = firstOf(view.participants.values());
  if (oldest === undefined) return null;
  const count = scaleOf(view.other(scaleName)) ?? Math.min(oldest.count, maxReplicas);
  return { count, applicants: [...view.participants.values()] };
}

/** Null when nobody has scaled it. */
function scaleOf(node: Node | null): number | null {
  const count = node === null ? null : readDecimal(node.value);
  return count !== null && count >= 0 && count <= maxReplicas ? count : null;
}
