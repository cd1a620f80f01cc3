import type { LeaseId } from "@flotilla/kv";
import type { MemberRole } from "@flotilla/raft";
import type { NodeStatus } from "./status-api.ts";
import type { ConnectOptions } from "./options.ts";

/** A member as the configuration names it. */
export interface MemberInfo {
  readonly id: string;
  /** `host:port` */
  readonly address: string;
  /** Random name of its data, 16 bytes as hex; empty until the founding members have met. */
  readonly incarnation: string;
  /**
   * Voters count for majorities, learners follow the log only. While several voters change at once, `incoming` and
   * `outgoing` ones vote in one half each.
   */
  readonly role: MemberRole;
  /** A learner that becomes a voter by itself once it has caught up. */
  readonly promote: boolean;
}

/** Who belongs to the cluster, as one node knows it. */
export interface Membership {
  /** Grows with every change. */
  readonly version: number;
  /** Random name of the cluster's history; a forced new cluster begins another one. */
  readonly historyId: string;
  /** Leaders may answer reads on the strength of a lease. */
  readonly leaseReads: boolean;
  /** Sorted by id. */
  readonly members: readonly MemberInfo[];
}

/** What a node says of itself to an operator. */
export type NodeReport =
  /** It runs. It belongs to the cluster when `membership` lists its incarnation; else it waits to be added. */
  | {
      readonly type: "running";
      readonly id: string;
      readonly incarnation: string;
      readonly status: NodeStatus;
      readonly membership: Membership;
    }
  /** Its data cannot be trusted: it takes no part, and leaves the data as it is. */
  | {
      readonly type: "damaged";
      readonly id: string;
      readonly cluster: string;
      /** What is wrong. */
      readonly problem: string;
      /** What to do about it. */
      readonly advice: string;
    };

export interface AdminOptions extends Pick<
  ConnectOptions,
  "endpoints" | "cluster" | "secret" | "logger" | "host"
> {
  /** Bounds every call, looking for the leader included. Default 15,000. */
  readonly timeoutMs?: number;
  /** Ends every call. */
  readonly signal?: AbortSignal;
}

export interface MoveOptions {
  /** Whether or not it answers there. Default: false. */
  readonly force?: boolean;
}

/** A node that waits to be added. */
export interface AddOptions {
  /** Stay a learner. Default false: it becomes a voter by itself once it has caught up. */
  readonly learner?: boolean;
  /** Refuse when another node than this answers at the address. */
  readonly id?: string;
  /** It may take the place of a member of the same id whose data is lost. Default false. */
  readonly replace?: boolean;
}

/** A node that is to be added, by what is known of it. */
export interface Newcomer {
  readonly id: string;
  /** Where the others reach it, `host:port`. */
  readonly address: string;
  /** Random name of its data, 16 bytes as hex. */
  readonly incarnation: string;
}

/** Changes of the membership. Each resolves once a majority has it, and does nothing when it already is so. */
export interface MembersAdmin {
  /** As the leader knows them. */
  list(): Promise<Membership>;
  /**
   * Adds the node that waits at `address`, as a learner first.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_DAMAGED` (the node there), `ERR_FLOTILLA_BAD_ARGUMENT`
   * (another one answers there), `ERR_FLOTILLA_EXISTS` (a member of that id has other data, and it may not `replace` it)
   */
  add(address: string, options?: AddOptions): Promise<Membership>;
  /** Adds a node that does not run yet. @throws FlotillaError `ERR_FLOTILLA_EXISTS` as `add` */
  admit(newcomer: Newcomer, options?: Omit<AddOptions, "id">): Promise<Membership>;
  /** @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when there is no such member, as the next three */
  promote(id: string): Promise<Membership>;
  demote(id: string): Promise<Membership>;
  /**
   * A member is reached at another address from now on. It has to answer there already, unless `force` is given: a
   * cluster whose members do not reach each other may be beyond help.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND`, `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_UNREACHABLE` (nobody answers
   * there), `ERR_FLOTILLA_DAMAGED` (the node there), `ERR_FLOTILLA_BAD_ARGUMENT` (another one answers there),
   * `ERR_FLOTILLA_BAD_CHANGE` (nobody can be reached at such an address, or another member is; also with `force`)
   */
  move(id: string, address: string, options?: MoveOptions): Promise<Membership>;
  /**
   * Also a member that is gone for good. Not the last voter.
   * @throws FlotillaError `ERR_FLOTILLA_NO_QUORUM` when the leader does not hear from a majority of the voters that remain,
   *   as `demote`; nothing has changed then
   */
  remove(id: string): Promise<Membership>;
}

/** What the members hold after the same number of commands. */
export interface Comparison {
  /** After so many commands all that answered were seen; null when there was no such point in time. */
  readonly commands: number | null;
  /** `digest`: of the whole state there; null for one that did not answer, and for all without such a point. */
  readonly members: readonly {
    readonly id: string;
    readonly address: string;
    readonly digest: string | null;
  }[];
  /** All that answered hold the same. */
  readonly agree: boolean;
}

/** How long a lease lasts unless it is renewed. */
export interface LeaseTime {
  readonly id: LeaseId;
  /** By the leader's clock, with the time it waits beyond the TTL; 0 once it is over and its end is under way. */
  readonly remainingMs: number;
}

export interface LeaseTimesPage {
  /** Sorted by id. A lease that the leader has not begun to time, for a second at most, is left out. */
  readonly times: readonly LeaseTime[];
  /** Pass as `after` for the next page; null when this was the last. */
  readonly next: LeaseId | null;
}

/**
 * What operators ask of a cluster. Every call finds the leader by itself, and fails within its time with
 * `ERR_FLOTILLA_NO_QUORUM` (nobody leads), `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_WRONG_CLUSTER`,
 * `ERR_FLOTILLA_WRONG_SECRET`, `ERR_FLOTILLA_TIMEOUT` or `ERR_FLOTILLA_ABORTED`. Once a leader took up what is asked and could
 * not say what became of it, an error is `ambiguous`, unless a later try tells.
 */
export interface Admin {
  readonly members: MembersAdmin;
  /** What the node at this address says of itself, or the first that answers. Needs no quorum. */
  report(address?: string): Promise<NodeReport>;
  /**
   * Hands leadership to the voter `to`, or to the one whose log is closest. Resolves with whoever leads next.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_TRANSFERRED`
   */
  transfer(to?: string): Promise<string>;
  /**
   * Has a running member take itself out of the cluster and stop. A leader hands over first.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when there is no such member
   */
  leave(id: string): Promise<void>;
  /**
   * The bytes of a backup, as one member makes them: everything acknowledged before the call is in it. A piece is asked
   * for once the one before was taken; the time of the call bounds each. Whoever takes a minute for one loses the backup:
   * the member keeps the state of its moment in memory. It ends without a throw only once all bytes came and matched
   * their checksum.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_OVERLOADED` (several are under way at that member),
   * `ERR_FLOTILLA_UNREACHABLE`
   */
  saveSnapshot(): AsyncIterable<Uint8Array>;
  /** Asks all members what they hold, until they were seen after the same number of commands. Needs no quorum. */
  compare(): Promise<Comparison>;
  /** How long leases last, a session's own by its id: at most 1,000 of those after `after`, as the leader has it. */
  leaseTimes(after?: LeaseId | null): Promise<LeaseTimesPage>;
  /** Lets leaders answer reads on the strength of a lease, or no longer. */
  leaseReads(on: boolean): Promise<Membership>;
}
