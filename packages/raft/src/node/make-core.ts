import type { Stamped } from "../core/event.ts";
import { Raft } from "../core/raft.ts";
import type { Storage } from "../storage/open-storage.ts";
import type { MembershipKeeper } from "./membership-keeper.ts";
import type { PledgeKeeper } from "./pledge-keeper.ts";
import type { Settings } from "./settings.ts";

// A message of its own costs every side more than the rest of a small batch; entries mostly follow sooner.
const commitDelayMs = 1;

/** How often at least an idle peer answers in an election timeout: the leader hears soon enough that a quorum is gone. */
const asksInTimeout = 3;

/** The core of a node, as its disk and its options have it. */
export function makeCore(
  settings: Settings,
  { recovered, incarnation, log }: Storage,
  pledges: PledgeKeeper,
  membership: MembershipKeeper,
  start: Stamped,
): Raft {
  const { host, id, limits, electionTicks, heartbeatMs, stateMachine } = settings;
  const askEveryTicks = Math.max(1, Math.floor(electionTicks / asksInTimeout));
  return new Raft({
    id,
    incarnation,
    electionTicks,
    askEveryTicks,
    heartbeatMs,
    commitDelayMs,
    random: host.random,
    start,
    recovered,
    reader: log,
    limits,
    probe: host.probe,
    accepts: (payload) => stateMachine.accepts?.(payload) !== false,
    pledgedMs: pledges.pledgedMs,
    memberSince: membership.since,
    mayPledge: () => pledges.isReady,
  });
}
