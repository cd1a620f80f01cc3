import { FlotillaError, readArray, readOneOf, readString, readUint } from "@flotilla/runtime";
import { memberOf } from "../core/config/configuration.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { NodeId } from "../core/types.ts";

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
  /** Empty before the first configuration is known. */
  readonly historyId: string;
  readonly kind: LinkKind;
  /** Random number of the dialing process's life. */
  readonly life: number;
  /** Number of the dialer's attempt within its life: the two links of one attempt belong together. */
  readonly attempt: number;
}

const maxTextBytes = 64;

export function writeIdentity(identity: PeerIdentity): unknown {
  const { id, incarnation, historyId, kind, life, attempt } = identity;
  return [id, incarnation, historyId, kind, life, attempt];
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readIdentity(value: unknown): PeerIdentity {
  const [id, incarnation, historyId, kind, life, attempt] = readArray(value, "peer identity", 6, 6);
  return {
    id: readString(id, "peer id", maxTextBytes),
    incarnation: readString(incarnation, "peer incarnation", maxTextBytes),
    historyId: readString(historyId, "peer history", maxTextBytes),
    kind: readOneOf(kind, "link kind", ["control", "bulk"]),
    life: readUint(life, "peer life"),
    attempt: readUint(attempt, "attempt"),
  };
}

/**
 * Judges whether a side that proved to know the secret may be heard: a member other than this node, with
 * the data and the history that the configuration knows.
 */
export function judgePeer(
  peer: PeerIdentity,
  own: NodeId,
  kind: LinkKind,
  configuration: Configuration,
): FlotillaError | undefined {
  if (peer.kind !== kind)
    return new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "the link is of another kind than its protocol");
  const member = memberOf(configuration, peer.id);
  if (member === undefined || peer.id === own) {
    return new FlotillaError(
      "ERR_FLOTILLA_BAD_CONFIG",
      `node ${peer.id} is not another member of this cluster`,
    );
  }
  const { historyId } = configuration;
  if (historyId !== "" && peer.historyId !== "" && historyId !== peer.historyId) {
    return new FlotillaError(
      "ERR_FLOTILLA_WRONG_CLUSTER",
      `node ${peer.id} has another history of this cluster`,
    );
  }
  if (member.incarnation !== "" && member.incarnation !== peer.incarnation) {
    return new FlotillaError(
      "ERR_FLOTILLA_WIPED",
      `node ${peer.id} does not have the data it was a member with`,
    );
  }
  return undefined;
}
