import { membersOf } from "@flotilla/raft";
import { type LeaseId, limits, type Machine } from "@flotilla/kv";
import type { Configuration, MemberChange, RaftNode } from "@flotilla/raft";
import type { Clock } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { writeBackup } from "../backup/backup-writer.ts";
import type { LeaseTimesPage, Membership, NodeReport } from "../client/admin-api.ts";
import type { NodeStatus } from "../client/status-api.ts";
import type { DigestPoint } from "../wire/admin-messages.ts";
import type { Comparer } from "./comparer.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { AdminService } from "./admin-door.ts";

export interface MemberAdminOptions {
  readonly raft: RaftNode;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly cluster: string;
  readonly leases: Pick<LeaseKeeper, "remainingMs">;
  readonly comparer: Pick<Comparer, "points">;
  readonly status: () => NodeStatus;
  /** Takes the member out of the cluster. */
  readonly resign: () => Promise<void>;
  /** Stops it. */
  readonly close: () => Promise<void>;
}

/** What a running member does for operators. */
export class MemberAdmin implements AdminService {
  readonly #options: MemberAdminOptions;

  constructor(options: MemberAdminOptions) {
    this.#options = options;
  }

  report(): NodeReport {
    const { raft, status } = this.#options;
    const { id, incarnation } = raft;
    return {
      type: "running",
      id,
      incarnation,
      status: status(),
      membership: membershipOf(raft.status().configuration),
    };
  }

  async transfer(to: string | null): Promise<string> {
    this.#requireLeader();
    return this.#options.raft.transfer(to ?? undefined);
  }

  async change(changes: readonly MemberChange[], ifVersion: number | null): Promise<number> {
    this.#requireLeader();
    const options = ifVersion === null ? {} : { ifVersion };
    return (await this.#options.raft.changeMembers(changes, options)).index;
  }

  digests(): readonly DigestPoint[] {
    return this.#options.comparer.points();
  }

  leaseTimes(after: LeaseId | null): LeaseTimesPage {
    this.#requireLeader();
    const { machine, leases } = this.#options;
    const { leases: page, next } = machine.leasesPage(after, limits.leasesPage);
    const times = page.flatMap(({ id }) => {
      const remainingMs = leases.remainingMs(id);
      return remainingMs === null ? [] : [{ id, remainingMs: Math.round(remainingMs) }];
    });
    return { times, next };
  }

  async save(): Promise<Iterator<Uint8Array>> {
    const { raft, machine, clock, cluster } = this.#options;
    // Everything that was acknowledged before is in it.
    await raft.read();
    const { term, configuration } = raft.status();
    const snapshot = machine.snapshot();
    const { digest, index, leases, sessions, nodes } = snapshot;
    const { revision, featureLevel } = machine;
    const from = { cluster, historyId: configuration.historyId, index, term, timeMs: clock.wallNow() };
    return writeBackup(
      { ...from, revision, featureLevel, nodes, leases, sessions, digest },
      snapshot.chunks(),
    );
  }

  resign(): Promise<void> {
    return this.#options.resign();
  }

  resigned(): void {
    void this.#options.close();
  }

  #requireLeader(): void {
    const { role, leader } = this.#options.raft.status();
    if (role === "leader") return;
    throw new FlotillaError(
      "ERR_FLOTILLA_NOT_LEADER",
      leader === null ? "nobody is known to lead" : `${leader} leads`,
    );
  }
}

/** A configuration, for operators. */
function membershipOf(configuration: Configuration): Membership {
  const { index, historyId, leaseReads, learners } = configuration;
  const members = membersOf(configuration).map((member) => ({
    ...member,
    promote: learners.some(({ id, promote }) => promote && id === member.id),
  }));
  return { version: index, historyId, leaseReads, members };
}
