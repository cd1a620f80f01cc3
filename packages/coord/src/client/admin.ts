import type { LeaseId } from "@flotilla/kv";
import type { MemberChange } from "@flotilla/raft";
import { FlotillaError } from "@flotilla/runtime";
import type {
  AddOptions,
  Admin,
  AdminOptions,
  Comparison,
  LeaseTimesPage,
  Membership,
  MembersAdmin,
  MoveOptions,
  Newcomer,
  NodeReport,
} from "./admin-api.ts";
import { requireAddress, requireBoolean, requireLease, requireNewcomer } from "./admin-arguments.ts";
import { askNode } from "./admin-call.ts";
import { callLimits, requireOptions } from "./call.ts";
import { compareMembers } from "./compare.ts";
import type { NetworkDialerOptions } from "./dialer.ts";
import { saveBackup } from "./save-backup.ts";
import type { CallBounds, Leader } from "./leader-finder.ts";
import { addressOf, belongsSomewhere, damagedError, LeaderFinder } from "./leader-finder.ts";
import { badArgument } from "./bad-argument.ts";
import type { CallOptions } from "./read-api.ts";
import { dialOptionsOf, requireConnectOptions } from "./reach.ts";

const defaultTimeoutMs = 15_000;

/** What is still to be changed, judged by the membership at hand; empty when it is as wished. */
type Wish = (membership: Membership) => readonly MemberChange[];

/**
 * A handle for operators. Opens no session and keeps no connection; needs no closing.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function admin(options: AdminOptions): Admin {
  requireConnectOptions(options);
  const { timeoutMs, signal } = callLimits(boundsOf(options), defaultTimeoutMs);
  const reach = dialOptionsOf(options, timeoutMs);
  return new ClusterAdmin(reach, signal ?? new AbortController().signal);
}

function boundsOf({ timeoutMs, signal }: AdminOptions): CallOptions {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
}

/** What `admin` gives. */
export class ClusterAdmin implements Admin, MembersAdmin {
  readonly #options: NetworkDialerOptions;
  readonly #signal: AbortSignal;

  constructor(options: NetworkDialerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  get members(): MembersAdmin {
    return this;
  }

  async report(address?: string): Promise<NodeReport> {
    if (address !== undefined) requireAddress(address);
    const finder = new LeaderFinder(this.#options);
    if (address !== undefined) return finder.report(address, this.#bounds());
    return (await finder.any(this.#bounds())).report;
  }

  async list(): Promise<Membership> {
    return this.#list(this.#bounds());
  }

  async add(address: string, options: AddOptions = {}): Promise<Membership> {
    requireAddress(address);
    requireOptions(options);
    const bounds = this.#bounds();
    const { id, incarnation } = await this.#newcomer(address, options.id, bounds);
    return this.#admit({ id, address, incarnation }, options, bounds);
  }

  async admit(newcomer: Newcomer, options: Omit<AddOptions, "id"> = {}): Promise<Membership> {
    requireNewcomer(newcomer);
    requireOptions(options);
    return this.#admit(newcomer, options, this.#bounds());
  }

  #admit(newcomer: Newcomer, options: Omit<AddOptions, "id">, bounds: CallBounds): Promise<Membership> {
    const { id, incarnation } = newcomer;
    const add: MemberChange = { type: "add", ...newcomer, promote: options.learner !== true };
    return this.#change(({ members }) => {
      const known = members.find((member) => member.id === id);
      if (known?.incarnation === incarnation) return [];
      if (known === undefined || options.replace === true) return [add];
      throw new FlotillaError(
        "ERR_FLOTILLA_EXISTS",
        `${id} is a member with other data; flotilla repair --rejoin replaces that`,
      );
    }, bounds);
  }

  async promote(id: string): Promise<Membership> {
    return this.#change((membership) =>
      requireMember(membership, id).role === "voter" ? [] : [{ type: "promote", id }],
    );
  }

  async demote(id: string): Promise<Membership> {
    return this.#change((membership) =>
      requireMember(membership, id).role === "learner" ? [] : [{ type: "demote", id }],
    );
  }

  async move(id: string, address: string, options: MoveOptions = {}): Promise<Membership> {
    requireAddress(address);
    requireOptions(options);
    const bounds = this.#bounds();
    requireMember(await this.#list(bounds), id);
    const found = options.force === true ? null : await this.#newcomer(address, id, bounds);
    return this.#change((membership) => {
      const member = requireMember(membership, id);
      if (found !== null && found.incarnation !== member.incarnation)
        throw badArgument(`node ${id} answers at ${address} with other data than the member's`);
      return member.address === address ? [] : [{ type: "address", id, address }];
    }, bounds);
  }

  async leaseReads(on: boolean): Promise<Membership> {
    requireBoolean(on);
    return this.#change((membership) => (membership.leaseReads === on ? [] : [{ type: "lease-reads", on }]));
  }

  async leaseTimes(after: LeaseId | null = null): Promise<LeaseTimesPage> {
    requireLease(after);
    const bounds = this.#bounds();
    const finder = new LeaderFinder(this.#options);
    for (;;) {
      const leader = await finder.leader(bounds);
      const reply = await this.#ask(finder, leader, { type: "lease-times", after }, bounds);
      if (reply?.type === "lease-times") return { times: reply.times, next: reply.next };
      await finder.pause(bounds);
    }
  }

  async remove(id: string): Promise<Membership> {
    let isKnown = false;
    return this.#change((membership) => {
      // Once it was there, being gone is what was asked for.
      if (!isKnown) requireMember(membership, id);
      isKnown = true;
      return addressOf(membership, id) === null ? [] : [{ type: "remove", id }];
    });
  }

  compare(): Promise<Comparison> {
    return compareMembers(this.#options, this.#bounds());
  }

  async *saveSnapshot(): AsyncGenerator<Uint8Array, void> {
    const bounds = this.#bounds();
    const finder = new LeaderFinder(this.#options);
    let isBegun = false;
    for (;;) {
      const { address, report } = await finder.any(bounds, belongsSomewhere);
      if (report.type === "damaged") throw damagedError(report);
      try {
        // The time bounds each piece: all of them together may take long.
        for await (const piece of saveBackup({ ...this.#options, address, signal: this.#signal })) {
          isBegun = true;
          yield piece;
        }
        return;
      } catch (error) {
        // Another member may hear from a leader.
        if (isBegun || !FlotillaError.is(error) || !isOfOneMember(error) || this.#signal.aborted) throw error;
        finder.note(error);
      }
      await finder.pause(bounds);
    }
  }

  async transfer(to?: string): Promise<string> {
    const bounds = this.#bounds();
    const finder = new LeaderFinder(this.#options);
    let first: string | null = null;
    for (;;) {
      const leader = await finder.leader(bounds);
      const { id, membership } = leader.report;
      first ??= id;
      if (to === undefined ? id !== first : id === to) return id;
      if (to !== undefined) requireMember(membership, to);
      const done = await this.#ask(finder, leader, { type: "transfer", to: to ?? null }, bounds);
      if (done?.type === "transferred") return done.leader;
      await finder.pause(bounds);
    }
  }

  async leave(id: string): Promise<void> {
    const bounds = this.#bounds();
    const finder = new LeaderFinder(this.#options);
    const { report } = await finder.leader(bounds);
    const { address } = requireMember(report.membership, id);
    const target = finder.target(address, bounds, Number.POSITIVE_INFINITY);
    try {
      const reply = await askNode(target, { type: "leave" });
      if (reply.type === "left") return;
      throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "the node answered something else than it was asked");
    } catch (error) {
      // It may be gone because it has left.
      if (!FlotillaError.is(error) || !error.ambiguous || this.#signal.aborted) throw error;
      const { membership } = (await finder.leader(bounds)).report;
      if (addressOf(membership, id) !== null) throw error;
    }
  }

  async #list(bounds: CallBounds): Promise<Membership> {
    return (await new LeaderFinder(this.#options).leader(bounds)).report.membership;
  }

  /** Goes on until the leader says that all is as wished. */
  async #change(wish: Wish, bounds: CallBounds = this.#bounds()): Promise<Membership> {
    const finder = new LeaderFinder(this.#options);
    for (;;) {
      const leader = await finder.leader(bounds);
      const { membership } = leader.report;
      const changes = wish(membership);
      if (changes.length === 0) return membership;
      const request = { type: "change", changes, ifVersion: membership.version } as const;
      const done = await this.#ask(finder, leader, request, bounds);
      if (done === null) await finder.pause(bounds);
    }
  }

  /** Null when another try may do better. */
  async #ask(
    finder: LeaderFinder,
    leader: Leader,
    request: Parameters<typeof askNode>[1],
    bounds: CallBounds,
  ): Promise<Awaited<ReturnType<typeof askNode>> | null> {
    try {
      return await askNode(finder.target(leader.address, bounds, Number.POSITIVE_INFINITY), request);
    } catch (error) {
      if (!FlotillaError.is(error) || bounds.signal.aborted) throw error;
      if (!mayTryAgain(error)) throw error;
      finder.note(error);
      return null;
    }
  }

  /** The node that waits at an address. */
  async #newcomer(
    address: string,
    expected: string | undefined,
    bounds: CallBounds,
  ): Promise<{ id: string; incarnation: string }> {
    const report = await new LeaderFinder(this.#options).report(address, bounds);
    if (expected !== undefined && report.id !== expected)
      throw badArgument(`node ${report.id} answers at ${address}, not ${expected}`);
    if (report.type === "damaged")
      throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `node ${report.id} at ${address}: ${report.problem}`);
    return report;
  }

  #bounds(): CallBounds {
    const { host, timeoutMs } = this.#options;
    return { untilMs: host.clock.now() + timeoutMs, signal: this.#signal };
  }
}

function requireMember(membership: Membership, id: string): Membership["members"][number] {
  const found = membership.members.find((member) => member.id === id);
  if (found !== undefined) return found;
  throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `${id} is no member`);
}

/** The leader changed, or somebody else changed the membership meanwhile. */
function mayTryAgain({ code, ambiguous }: FlotillaError): boolean {
  return ambiguous || retried.has(code);
}

/** What one member cannot do, and another perhaps can. */
function isOfOneMember({ code }: FlotillaError): boolean {
  return (
    code === "ERR_FLOTILLA_NO_QUORUM" || code === "ERR_FLOTILLA_UNREACHABLE" || code === "ERR_FLOTILLA_CLOSED"
  );
}

const retried: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_BAD_VERSION",
  "ERR_FLOTILLA_CHANGE_PENDING",
  "ERR_FLOTILLA_DROPPED",
  "ERR_FLOTILLA_NOT_LEADER",
  "ERR_FLOTILLA_OVERLOADED",
  "ERR_FLOTILLA_UNREACHABLE",
]);
