import type { Machine } from "@flotilla/kv";
import type { NodeId } from "@flotilla/raft";
import type { ClientHost } from "@flotilla/runtime";
import { BudgetLog } from "./budget-log.ts";
import { ClientDoor } from "./client-door.ts";
import type { ServerContext } from "./context.ts";
import { Comparer } from "./comparer.ts";
import { CoordStateMachine } from "./coord-state-machine.ts";
import { FeatureKeeper } from "./feature-keeper.ts";
import { GraceKeeper } from "./grace-keeper.ts";
import { LateRaft } from "./late-raft.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { Observer } from "./observer.ts";
import { ReadGate } from "./read-gate.ts";
import { Reaper } from "./reaper.ts";
import { Renewals } from "./renewals.ts";
import { SessionHub } from "./session-hub.ts";
import { nodeStatus } from "./status.ts";
import { Stint } from "./stint.ts";

/** Who a member is. */
export interface Identity {
  readonly id: NodeId;
  readonly cluster: string;
  readonly secret: Uint8Array | undefined;
  /** Who may do everything, as `digestId` gives it. */
  readonly superDigest?: string | undefined;
}

/** Everything of a member but raft and the network. */
export interface Parts {
  readonly raft: LateRaft;
  readonly machine: Machine;
  readonly hub: SessionHub;
  readonly keeper: LeaseKeeper;
  readonly reaper: Reaper;
  readonly grace: GraceKeeper;
  readonly features: FeatureKeeper;
  readonly comparer: Comparer;
  readonly renewals: Renewals;
  readonly reads: ReadGate;
  readonly door: ClientDoor;
  readonly stateMachine: CoordStateMachine;
}

/** Puts the parts of a member together; bind `raft` before anybody is let in. */
export function assemble(host: ClientHost, identity: Identity, observer: Observer, machine: Machine): Parts {
  const { clock, random, logger, probe } = host;
  const raft = new LateRaft();
  const hub = new SessionHub(machine);
  const keeper = new LeaseKeeper({ clock, raft, leases: machine, observer, probe });
  const reaper = new Reaper({ clock, raft, machine, probe });
  const grace = new GraceKeeper({ clock, raft, machine, probe });
  const features = new FeatureKeeper({ clock, raft, machine, logger });
  const comparer = new Comparer({ nodeId: identity.id, clock, raft, machine, logger, probe });
  const renewals = new Renewals({ nodeId: identity.id, clock, random, raft, keeper });
  const reads = new ReadGate(clock, raft);
  const budgetLog = new BudgetLog(clock, logger);
  const context: ServerContext = {
    nodeId: identity.id,
    clock,
    logger,
    probe,
    raft,
    machine,
    sessions: hub,
    reads,
    renewals,
    budgetLog,
    stint: new Stint(clock),
    status: () => nodeStatus(identity.cluster, raft.status(), machine),
    ...(identity.superDigest === undefined ? {} : { superDigest: identity.superDigest }),
  };
  const { cluster, secret } = identity;
  const door = new ClientDoor({
    context,
    clock,
    random,
    cluster,
    ...(secret === undefined ? {} : { secret }),
  });
  const told = { hub, keeper, reaper, comparer, budgetLog, observer };
  const stateMachine = new CoordStateMachine({ machine, raft, ...told });
  return {
    raft,
    machine,
    hub,
    keeper,
    reaper,
    grace,
    features,
    comparer,
    renewals,
    reads,
    door,
    stateMachine,
  };
}
