import { FlotillaError, readArray, readOneOf, readString, readUint } from "@flotilla/runtime";
import { isFounding, isMember, memberOf } from "../core/config/configuration.ts";
import type { Directory } from "../core/config/configuration.ts";
import type { Index, NodeId } from "../core/types.ts";

/** What a link is for: small urgent messages, or entries and snapshots. */
export type LinkKind = "control" | "bulk";

/** The protocol name of each kind of link. */
export const linkProtocols: Readonly<Record<LinkKind, string>> = {
  control: "flotilla-peer-control-1",
  bulk: "flotilla-peer-bulk-1",
};

/** What one side of a link says of itself in the handshake. */
export interface PeerIdentity {
  readonly id: NodeId;
  readonly incarnation: string;
  /** Empty before a configuration is known that names it. */
  readonly historyId: string;
  /** Index of the configuration in force there, committed or not. */
  readonly version: Index;
  readonly kind: LinkKind;
  /** Random number of the dialing process's life. */
  readonly life: number;
  /** Number of the dialer's attempt within its life: the two links of one attempt belong together. */
  readonly attempt: number;
  /** What its application knows, by that application's own counting. */
  readonly level: number;
}

const maxTextBytes = 64;

export function writeIdentity(identity: PeerIdentity): unknown {
  const { id, incarnation, historyId, version, kind, life, attempt, level } = identity;
  return [id, incarnation, historyId, version, kind, life, attempt, level];
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readIdentity(value: unknown): PeerIdentity {
  const items = readArray(value, "peer identity", 8, 8);
  const [id, incarnation, historyId, version, kind, life, attempt, level] = items;
  return {
    id: readString(id, "peer id", maxTextBytes),
    incarnation: readString(incarnation, "peer incarnation", maxTextBytes),
    historyId: readString(historyId, "peer history", maxTextBytes),
    version: readUint(version, "peer version"),
    kind: readOneOf(kind, "link kind", ["control", "bulk"]),
    life: readUint(life, "peer life"),
    attempt: readUint(attempt, "attempt"),
    level: readUint(level, "level"),
  };
}

/** True when that data is a member's, by the configuration in force or by the committed one. */
export function isKnownAs({ current, committed }: Directory, id: NodeId, incarnation: string): boolean {
  return isMember(current, id, incarnation) || isMember(committed, id, incarnation);
}

/**
 * Judges whether a side that proved to know the secret may be heard: a member other than this node, with the data
 * and the history that is known here, or anybody of this history whose configuration is newer than ours, because
 * it may be us who do not know yet. Only a committed configuration says that somebody was removed.
 */
export function judgePeer(
  peer: PeerIdentity,
  own: NodeId,
  kind: LinkKind,
  known: Directory,
): FlotillaError | undefined {
  if (peer.kind !== kind)
    return new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "the link is of another kind than its protocol");
  if (peer.id === own) return noMember(peer.id);
  const { historyId } = known;
  if (historyId !== "" && peer.historyId !== "" && historyId !== peer.historyId) {
    return new FlotillaError(
      "ERR_FLOTILLA_WRONG_CLUSTER",
      `node ${peer.id} has another history of this cluster`,
    );
  }
  if (isKnownAs(known, peer.id, peer.incarnation) || isAhead(peer, known)) return undefined;
  return judgeUnknown(peer, known);
}

function isAhead(peer: PeerIdentity, { current }: Directory): boolean {
  return peer.historyId !== "" && peer.version > current.index;
}

function judgeUnknown(peer: PeerIdentity, { current, committed }: Directory): FlotillaError {
  const { id, historyId, version } = peer;
  if (historyId !== "" && version <= committed.index && !isFounding(committed))
    return new FlotillaError(
      "ERR_FLOTILLA_REMOVED",
      `node ${id}, with the data it has, is no member any more`,
    );
  if (memberOf(current, id) === undefined) return noMember(id);
  return new FlotillaError("ERR_FLOTILLA_WIPED", `node ${id} does not have the data it was a member with`);
}

/** Refuses a process while another one is linked as the same member; unless sure, that one may have just ended. */
export function doubled(id: NodeId, isSure: boolean): FlotillaError {
  return new FlotillaError(
    isSure ? "ERR_FLOTILLA_LOCKED" : "ERR_FLOTILLA_UNREACHABLE",
    `another process with the data of node ${id} is connected${isSure ? "" : ", or ended just now"}`,
  );
}

function noMember(id: NodeId): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `node ${id} is not another member of this cluster`);
}

/** The other side said so: our own refusal of others names no one who did. */
export function isToldRemoved(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_REMOVED") && error.details["refusedWith"] === "ERR_FLOTILLA_REMOVED"
  );
}

/** The other side is linked to another process with the data of this one. */
export function isToldDoubled(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_LOCKED") && error.details["refusedWith"] === "ERR_FLOTILLA_LOCKED"
  );
}

/** Whoever is not sure to be known dials too, once in a while. */
export function isTurnedAway(error: unknown): boolean {
  return FlotillaError.is(error) && error.details["turnedAway"] === true;
}
