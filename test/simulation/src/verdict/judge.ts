import type { CheckReport, CommittedEvent } from "@flotilla/history";
import {
  epochMonotone,
  eventBeforeRead,
  exactlyOnce,
  leaseBound,
  sessionFifo,
  singleHolder,
  watchComplete,
  watchValues,
} from "@flotilla/history";
import type { PlacedBelief } from "../actors/belief-book.ts";
import { hasList } from "../actors/paths.ts";
import { seenNode } from "../actors/watcher.ts";
import type { World } from "../world/world.ts";
import { driftsBeyond } from "../plan/plan.ts";
import { judgeOpenings } from "./openings.ts";
import { judgeAccess } from "./access.ts";
import { judgeBarriers } from "./barriers.ts";
import { judgeBudgets } from "./budgets.ts";
import { judgeConfigs } from "./configs.ts";
import { judgeCounts } from "./counts.ts";
import { judgeCrons } from "./crons.ts";
import { judgeFences } from "./fences.ts";
import { judgeFollowers } from "./followers.ts";
import { judgeLinearizability } from "./linearizable-history.ts";
import { judgeLines } from "./lines.ts";
import { judgeOutside } from "./outside.ts";
import { judgePast } from "./past.ts";
import { judgeRegistrations } from "./registrations.ts";
import { judgeQueues } from "./queues.ts";
import { judgeReads } from "./session-reads.ts";
import { judgeTree } from "./tree.ts";
import { numberWrites } from "./write-numbers.ts";

const shown = 400;

/** Judges everything that was recorded. */
export function judge(world: World): void {
  const log = committedEvents(world);
  const numbered = numberWrites(world);
  const { ledger, beliefs } = world;
  tell(world, "SessionFifo", sessionFifo(numbered.calls));
  tell(world, "ExactlyOnce", exactlyOnce({ effects: numbered.effects, outcomes: numbered.outcomes }));
  // Clocks that run off further than leases allow for make belief worth nothing: the log and the fences have to do then.
  if (!driftsBeyond(world.plan)) judgeBeliefs(world);
  for (const what of beliefs.stillborn) world.findings.later("GrantBelieved", what);
  for (const what of beliefs.causeless) world.findings.later("LossHasCause", what);
  for (const { id, stream, due } of ledger.watches) {
    const last = stream.delivered.findLast((item) => item.kind === "event" || item.kind === "snapshot");
    const until = due ?? last?.revision ?? 0;
    tell(world, "WatchComplete", watchComplete({ log, watch: { ...stream, until } }), ` (watch ${id})`);
  }
  const streams = ledger.watches.map(({ stream }) => stream);
  tell(world, "WatchValues", watchValues({ log, watches: streams }));
  tell(world, "EventBeforeRead", eventBeforeRead({ log, deliveries: ledger.deliveries() }));
  judgeOutside(world, judgeLines(world));
  judgeFences(world);
  judgeFollowers(world);
  judgeRegistrations(world);
  judgeReads(world);
  judgePast(world);
  judgeOpenings(world);
  judgeCounts(world);
  judgeQueues(world);
  judgeConfigs(world);
  judgeBarriers(world);
  judgeCrons(world);
  judgeTree(world);
  judgeBudgets(world);
  judgeAccess(world);
  judgeLinearizability(world, numbered.resolutions);
}

/** Who believed to hold something, and in its lease. */
function judgeBeliefs(world: World): void {
  const { beliefs, leases, golden } = world;
  judgeHolders(world, beliefs.bySignal());
  judgeHolders(world, beliefs.byAssert());
  tell(world, "EpochMonotone", epochMonotone(beliefs.byAssert().filter(({ places }) => places === 1)));
  tell(world, "LeaseBound", leaseBound(leases.records(golden)));
}

/** No more is held at once than there is. */
function judgeHolders(world: World, beliefs: readonly PlacedBelief[]): void {
  for (const permits of new Set(beliefs.map(({ places }) => places))) {
    const alike = beliefs.filter(({ places }) => places === permits);
    tell(world, "SingleHolder", singleHolder(sinceGrant(world, alike), { permits }));
  }
}

/** Every committed change that everybody may see, in order. */
function committedEvents(world: World): CommittedEvent[] {
  return world.golden.commands.flatMap(({ events }) =>
    events
      .filter(({ path }) => !hasList(path))
      .map(({ revision, ordinal, path, type, node }) => ({
        revision,
        ordinal,
        path,
        type,
        node: seenNode(node),
      })),
  );
}

/** A holder holds from the grant on, whenever it learns of it. */
function sinceGrant<T extends { readonly epoch: number; readonly from_ns: number }>(
  world: World,
  records: readonly T[],
): T[] {
  return records.map((record) => {
    const atMs = world.golden.revisionAtMs.get(record.epoch);
    return atMs === undefined
      ? record
      : { ...record, from_ns: Math.min(record.from_ns, Math.round(atMs * 1e6)) };
  });
}

function tell(world: World, invariant: string, report: CheckReport, about = ""): void {
  for (const { rule, message, evidence } of report.violations.slice(0, 3)) {
    const records = JSON.stringify(evidence).slice(0, shown);
    world.findings.later(invariant, `${rule}: ${message}${about} ${records}`);
  }
}
