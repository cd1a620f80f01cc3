import type { Index, NodeId } from "../types.ts";

/** One member of the cluster. */
export interface Member {
  readonly id: NodeId;
  /** Where to dial it: `host:port`. Names stay names. */
  readonly address: string;
  /**
   * Random name of this member's data, 16 bytes as hex; empty only in the founding configuration, where
   * the first election collects it. Votes and acknowledgements count only from this incarnation.
   */
  readonly incarnation: string;
}

/** A member that receives the log and never counts. Dissertation §4.2.1. */
export interface Learner extends Member {
  /** Whoever leads makes it a voter as soon as it has caught up. */
  readonly promote: boolean;
}

/** Who belongs to the cluster, and what all of them are to do alike. An id stands for one incarnation throughout. */
export interface Membership {
  /** Random name of the cluster's history, 16 bytes as hex; empty before the first leader wrote it down. */
  readonly historyId: string;
  /**
   * Sorted by id. In a joint configuration, the voters to come. Empty only on a joiner that has heard of
   * nobody yet.
   */
  readonly voters: readonly Member[];
  /**
   * In a joint configuration, the voters of the one before, sorted by id: a majority of each half is needed.
   * Empty otherwise. Dissertation §4.3.
   */
  readonly outgoing: readonly Member[];
  /**
   * Sorted by id, none of them among `voters`. One that is among `outgoing` votes until the joint
   * configuration is left, and is a learner from then on.
   */
  readonly learners: readonly Learner[];
  /** Leaders may answer reads on the strength of a lease. */
  readonly leaseReads: boolean;
}

/** The membership in force from the entry that carries it. */
export interface Configuration extends Membership {
  /** Index of the entry that set it, and its version; 0 for the founding configuration. */
  readonly index: Index;
}

/** What a node knows about who belongs to the cluster. */
export interface Directory {
  /** In force, committed or not. */
  readonly current: Configuration;
  readonly committed: Configuration;
  /**
   * The history that this node answers for: that of `current`, once some configuration named this node; empty before. A
   * joiner reads of what was, of another history too if the cluster was founded anew by force since.
   */
  readonly historyId: string;
}

/** What a member is: `incoming` and `outgoing` vote in one half of a joint configuration alone. */
export type MemberRole = "voter" | "incoming" | "outgoing" | "learner";

/** A member together with what it is. */
export interface MemberWithRole extends Member {
  readonly role: MemberRole;
}

/** Voters in one half of a configuration. */
export const maxVoters = 31;
/** Learners of a configuration. */
export const maxLearners = 31;

/** True while majorities of both halves are needed. */
export function isJoint({ outgoing }: Pick<Membership, "outgoing">): boolean {
  return outgoing.length > 0;
}

/** True before the first leader has written the incarnations down: then everybody must agree. */
export function isFounding(configuration: Pick<Membership, "historyId">): boolean {
  return configuration.historyId === "";
}

function find<T extends Member>(members: readonly T[], id: NodeId): T | undefined {
  for (const member of members) if (member.id === id) return member;
  return undefined;
}

/** The voter of that id, of either half, or undefined. */
function voterOf({ voters, outgoing }: Membership, id: NodeId): Member | undefined {
  return find(voters, id) ?? find(outgoing, id);
}

/** The member of that id, whatever its role, or undefined. */
export function memberOf(configuration: Membership, id: NodeId): Member | undefined {
  return voterOf(configuration, id) ?? find(configuration.learners, id);
}

function speaksFor(configuration: Membership, member: Member | undefined, incarnation: string): boolean {
  return member !== undefined && (isFounding(configuration) || member.incarnation === incarnation);
}

/** True when `id` is a voter, of either half, and `incarnation` may speak for it. */
export function isVoter(configuration: Membership, id: NodeId, incarnation: string): boolean {
  return speaksFor(configuration, voterOf(configuration, id), incarnation);
}

/** True when `id` is a member, whatever its role, and `incarnation` may speak for it. */
export function isMember(configuration: Membership, id: NodeId, incarnation: string): boolean {
  return speaksFor(configuration, memberOf(configuration, id), incarnation);
}

// Configurations never change and are asked again and again.
const known = new WeakMap<Membership, readonly MemberWithRole[]>();

/** Every member once, sorted by id. */
export function membersOf(configuration: Membership): readonly MemberWithRole[] {
  let members = known.get(configuration);
  if (members === undefined) {
    members = listMembers(configuration);
    known.set(configuration, members);
  }
  return members;
}

function listMembers(configuration: Membership): readonly MemberWithRole[] {
  const { voters, outgoing, learners } = configuration;
  const roles = new Map<NodeId, MemberWithRole>();
  for (const learner of learners) roles.set(learner.id, { ...bare(learner), role: "learner" });
  for (const voter of outgoing) roles.set(voter.id, { ...bare(voter), role: "outgoing" });
  for (const voter of voters) {
    const isNew = isJoint(configuration) && !roles.has(voter.id);
    roles.set(voter.id, { ...bare(voter), role: isNew ? "incoming" : "voter" });
  }
  return [...roles.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function bare({ id, address, incarnation }: Member): Member {
  return { id, address, incarnation };
}

/** Leaves the joint configuration: the voters to come decide alone. */
export function leaveJoint({ historyId, voters, learners, leaseReads }: Membership): Membership {
  return { historyId, voters, outgoing: [], learners, leaseReads };
}
