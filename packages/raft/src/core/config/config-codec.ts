import {
  decode,
  encode,
  FlotillaError,
  invariant,
  readArray,
  readBoolean,
  readList,
  readString,
} from "@flotilla/runtime";
import type { Index } from "../types.ts";
import { maxLearners, maxVoters } from "./configuration.ts";
import type { Configuration, Learner, Member, Membership } from "./configuration.ts";
import { faultOf, isRandomName, maxAddressBytes, maxIdBytes } from "./member-facts.ts";

const nameBytes = 32;

/** Payload of a `config` entry. The index is the entry's own and is not in it. */
export function encodeConfiguration(configuration: Membership): Uint8Array {
  const { historyId, voters, outgoing, learners, leaseReads } = configuration;
  const payload = encode([
    historyId,
    voters.map(toArray),
    outgoing.map(toArray),
    learners.map((learner) => [...toArray(learner), learner.promote]),
    leaseReads,
  ]);
  invariant(payload.length > 0 && voters.length > 0, "ConfigurationNotEmpty");
  return payload;
}

function toArray({ id, address, incarnation }: Member): unknown[] {
  return [id, address, incarnation];
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", `configuration: ${what}`);
}

function checked(id: unknown, address: unknown, incarnation: unknown): Member {
  const member: Member = {
    id: readString(id, "member id", maxIdBytes),
    address: readString(address, "member address", maxAddressBytes),
    incarnation: readString(incarnation, "member incarnation", nameBytes),
  };
  const fault = faultOf(member);
  if (fault !== null) refuse(fault);
  return member;
}

function readMember(value: unknown, what: string): Member {
  const [id, address, incarnation] = readArray(value, what, 3, 3);
  return checked(id, address, incarnation);
}

function readLearner(value: unknown, what: string): Learner {
  const [id, address, incarnation, promote] = readArray(value, what, 4, 4);
  return { ...checked(id, address, incarnation), promote: readBoolean(promote, "promote") };
}

function requireSorted(members: readonly Member[]): void {
  for (const [position, { id }] of members.entries()) {
    const previous = members[position - 1];
    if (previous !== undefined && previous.id >= id) refuse("members are not sorted by id");
  }
}

function requireOneEach(all: readonly Member[]): void {
  const known = new Map<string, Member>();
  for (const member of all) {
    const other = known.get(member.id) ?? member;
    if (other.incarnation !== member.incarnation || other.address !== member.address)
      refuse("a member is named twice with different facts");
    known.set(member.id, member);
  }
}

/**
 * Reads the payload of a `config` entry at `index`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` unless it names a history and 1 to 31 voters, at most 31 outgoing
 * ones and at most 31 learners, each list sorted by id, nobody both voter and learner, everybody with one incarnation
 */
export function decodeConfiguration(payload: Uint8Array, index: Index): Configuration {
  const [history, voterList, outgoingList, learnerList, lease] = readArray(
    decode(payload),
    "configuration",
    5,
    5,
  );
  const historyId = readString(history, "history id", nameBytes);
  if (!isRandomName(historyId)) refuse("the history id is not 16 bytes of hex");
  const voters = readList(voterList, "voters", maxVoters, readMember);
  const outgoing = readList(outgoingList, "outgoing voters", maxVoters, readMember);
  const learners = readList(learnerList, "learners", maxLearners, readLearner);
  if (voters.length === 0) refuse("there are no voters");
  for (const list of [voters, outgoing, learners]) requireSorted(list);
  const votes = new Set(voters.map(({ id }) => id));
  if (learners.some(({ id }) => votes.has(id))) refuse("a member is both voter and learner");
  requireOneEach([...voters, ...outgoing, ...learners]);
  return {
    index,
    historyId,
    voters,
    outgoing,
    learners,
    leaseReads: readBoolean(lease, "lease reads"),
  };
}
