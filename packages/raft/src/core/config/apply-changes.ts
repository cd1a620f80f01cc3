import { FlotillaError } from "@flotilla/runtime";
import type { NodeId } from "../types.ts";
import { isJoint, maxLearners, maxVoters } from "./configuration.ts";
import type { Learner, Member, Membership } from "./configuration.ts";
import { faultOf, faultOfReach } from "./member-facts.ts";

/** One wish about the membership. */
export type MemberChange =
  /**
   * A new learner. Under the id of a member whose data was lost, the new incarnation takes the place of the old
   * one, as a learner. `promote`: it becomes a voter as soon as it has caught up.
   */
  | {
      readonly type: "add";
      readonly id: NodeId;
      readonly address: string;
      readonly incarnation: string;
      readonly promote: boolean;
    }
  /** A learner that has caught up becomes a voter. */
  | { readonly type: "promote"; readonly id: NodeId }
  /** A voter becomes a learner; a learner stays one. */
  | { readonly type: "demote"; readonly id: NodeId }
  | { readonly type: "remove"; readonly id: NodeId }
  /** A member is dialed elsewhere from now on. */
  | { readonly type: "address"; readonly id: NodeId; readonly address: string }
  | { readonly type: "lease-reads"; readonly on: boolean };

const maxChanges = maxVoters + maxLearners;

/** The membership while changes are applied to it one by one. */
interface Draft {
  readonly voters: Map<NodeId, Member>;
  readonly learners: Map<NodeId, Learner>;
  leaseReads: boolean;
}

function refuse(why: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_CHANGE", `membership change: ${why}`);
}

function requireKnown({ voters, learners }: Draft, id: NodeId): Member {
  return voters.get(id) ?? learners.get(id) ?? refuse(`there is no member ${JSON.stringify(id)}`);
}

function requireSound(member: Member): void {
  const fault = faultOf(member) ?? faultOfReach(member.address);
  if (fault !== null) refuse(fault);
}

/** At one address only one is dialed. What is kept already stays as it is. */
function requireOwnAddress({ voters, learners }: Draft, id: NodeId, address: string): void {
  for (const other of [...voters.values(), ...learners.values()])
    if (other.address === address && other.id !== id) refuse(`${other.id} is reached at ${address}`);
}

function add(draft: Draft, { id, address, incarnation, promote }: Learner): void {
  const { voters, learners } = draft;
  const learner = { id, address, incarnation, promote };
  requireSound(learner);
  for (const other of [...voters.values(), ...learners.values()]) {
    if (other.incarnation === incarnation && other.id !== id) refuse(`this data is member ${other.id}`);
  }
  if ((voters.get(id) ?? learners.get(id))?.address !== address) requireOwnAddress(draft, id, address);
  const voter = voters.get(id);
  if (voter?.incarnation === incarnation) {
    if (voter.address !== address) refuse(`${id} is a voter already, at another address`);
    return;
  }
  voters.delete(id);
  learners.set(id, learner);
}

function promote({ voters, learners }: Draft, member: Member): void {
  const { id, address, incarnation } = member;
  learners.delete(id);
  voters.set(id, { id, address, incarnation });
}

function demote({ voters, learners }: Draft, member: Member): void {
  const { id, address, incarnation } = member;
  voters.delete(id);
  learners.set(id, { id, address, incarnation, promote: false });
}

function move(draft: Draft, { id, address: before, incarnation }: Member, address: string): void {
  const { voters, learners } = draft;
  const moved = { id, address, incarnation };
  requireSound(moved);
  if (address !== before) requireOwnAddress(draft, id, address);
  const learner = learners.get(id);
  if (learner === undefined) voters.set(id, moved);
  else learners.set(id, { ...moved, promote: learner.promote });
}

function apply(draft: Draft, change: MemberChange): void {
  if (change.type === "lease-reads") {
    draft.leaseReads = change.on;
    return;
  }
  if (change.type === "add") return add(draft, change);
  const member = requireKnown(draft, change.id);
  switch (change.type) {
    case "promote":
      return promote(draft, member);
    case "demote":
      return demote(draft, member);
    case "remove":
      draft.voters.delete(change.id);
      draft.learners.delete(change.id);
      return;
    case "address":
      return move(draft, member, change.address);
  }
}

function sorted<T extends Member>(members: ReadonlyMap<NodeId, T>): readonly T[] {
  return [...members.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** How many voters are in one of the two and not in the other; one with other data is another voter. */
function difference(before: readonly Member[], after: ReadonlyMap<NodeId, Member>): number {
  const kept = before.filter(({ id, incarnation }) => after.get(id)?.incarnation === incarnation).length;
  return before.length + after.size - 2 * kept;
}

/**
 * The voters before the change, as they stand in the joint configuration. One that comes back with other data
 * cannot vote for both: its replacement is a change of its own.
 */
function outgoingOf(before: readonly Member[], { voters, learners }: Draft): readonly Member[] {
  return before.map((voter) => {
    const after = voters.get(voter.id) ?? learners.get(voter.id);
    if (after === undefined) return voter;
    if (after.incarnation !== voter.incarnation)
      refuse(`the replacement of ${voter.id}'s data cannot change other voters as well`);
    return { id: after.id, address: after.address, incarnation: after.incarnation };
  });
}

/**
 * The membership with the changes made, in order: at once when at most one voter differs (dissertation §4.1),
 * joint otherwise (§4.3). Changes that are made already change nothing. What is given stays as it is.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CHANGE` (an unknown member, unsound facts, no voter left, too many members,
 * nothing asked for), `ERR_FLOTILLA_CHANGE_PENDING` (the configuration is joint)
 */
export function applyChanges(membership: Membership, changes: readonly MemberChange[]): Membership {
  if (isJoint(membership))
    throw new FlotillaError("ERR_FLOTILLA_CHANGE_PENDING", "the last membership change is not through");
  if (changes.length === 0 || changes.length > maxChanges) refuse(`1 to ${maxChanges} at once`);
  const { historyId, voters } = membership;
  const draft: Draft = {
    voters: new Map(voters.map((voter) => [voter.id, voter])),
    learners: new Map(membership.learners.map((learner) => [learner.id, learner])),
    leaseReads: membership.leaseReads,
  };
  for (const change of changes) apply(draft, change);
  if (draft.voters.size === 0) refuse("no voter would be left");
  if (draft.voters.size > maxVoters) refuse(`at most ${maxVoters} voters`);
  if (draft.learners.size > maxLearners) refuse(`at most ${maxLearners} learners`);
  const isSimple = difference(voters, draft.voters) <= 1;
  return {
    historyId,
    voters: sorted(draft.voters),
    outgoing: isSimple ? [] : outgoingOf(voters, draft),
    learners: sorted(draft.learners),
    leaseReads: draft.leaseReads,
  };
}
