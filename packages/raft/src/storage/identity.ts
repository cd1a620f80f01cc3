import { FlotillaError, readArray, readBoolean, readList, readString, readUint } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import type { NodeId } from "../core/types.ts";
import type { Founder } from "../node/types.ts";
import { identityKey } from "./keys.ts";
import { damaged, readSealed, seal, unseal } from "./sealed.ts";

/** Layout of store, marker and snapshots. Any other is refused. */
const storageFormat = 2;

const markerName = "identity";
const maxTextBytes = 300;
const maxFounders = 1024;

/** Whose data this is. */
export interface Identity {
  readonly cluster: string;
  readonly id: NodeId;
  /** Random name of this data, 16 bytes as hex. */
  readonly incarnation: string;
}

/** The marker outside of the store. */
export interface Marker extends Identity {
  /** The store was complete once: an empty one has been wiped. */
  readonly initialised: boolean;
}

/** The record within the store. */
export interface StoredIdentity extends Identity {
  /** Empty for a node that was made to join a cluster. */
  readonly founders: readonly Founder[];
}

export async function writeMarker(files: Files, marker: Marker): Promise<void> {
  const { cluster, id, incarnation, initialised } = marker;
  await files.replace(markerName, seal([storageFormat, cluster, id, incarnation, initialised], markerName));
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` */
export async function readMarker(files: Files): Promise<Marker | null> {
  const bytes = await files.read(markerName);
  if (bytes === undefined) return null;
  const value = unseal(bytes, markerName, "the identity file");
  return readSealed("the identity file", () => {
    const [format, cluster, id, incarnation, initialised] = readArray(value, "identity", 5, 5);
    requireFormat(format);
    return {
      ...readIdentity(cluster, id, incarnation),
      initialised: readBoolean(initialised, "initialised"),
    };
  });
}

export function encodeIdentity(identity: StoredIdentity): Uint8Array {
  const { cluster, id, incarnation, founders } = identity;
  const members = founders.map((founder) => [founder.id, founder.address]);
  return seal([storageFormat, cluster, id, incarnation, members], identityKey);
}

/** @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_UNSUPPORTED` */
export function decodeIdentity(bytes: Uint8Array): StoredIdentity {
  const value = unseal(bytes, identityKey, "the identity record");
  return readSealed("the identity record", () => {
    const [format, cluster, id, incarnation, founders] = readArray(value, "identity", 5, 5);
    requireFormat(format);
    return {
      ...readIdentity(cluster, id, incarnation),
      founders: readList(founders, "founders", maxFounders, readFounder),
    };
  });
}

/**
 * Refuses data that belongs to somebody else.
 * @throws FlotillaError `ERR_FLOTILLA_FOREIGN`
 */
export function requireOwn(
  found: Pick<Identity, "cluster" | "id">,
  cluster: string,
  id: NodeId,
  what: string,
): void {
  if (found.cluster === cluster && found.id === id) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_FOREIGN",
    `${what} belongs to node ${found.id} of cluster ${found.cluster}, not to node ${id} of cluster ${cluster}`,
  );
}

/** The configuration in force before the first leader writes one. */
export function foundingConfiguration(founders: readonly Founder[]): Configuration {
  return {
    index: 0,
    historyId: "",
    voters: founders.map(({ id, address }) => ({ id, address, incarnation: "" })),
    outgoing: [],
    learners: [],
    leaseReads: false,
  };
}

function requireFormat(value: unknown): void {
  const format = readUint(value, "format");
  if (format === storageFormat) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_UNSUPPORTED",
    `the data has format ${format}; this version reads ${storageFormat}`,
  );
}

function readIdentity(cluster: unknown, id: unknown, incarnation: unknown): Identity {
  const identity = {
    cluster: readString(cluster, "cluster", maxTextBytes),
    id: readString(id, "id", maxTextBytes),
    incarnation: readString(incarnation, "incarnation", maxTextBytes),
  };
  if (!/^[0-9a-f]{32}$/.test(identity.incarnation)) throw damaged("the incarnation is not 16 bytes of hex");
  return identity;
}

function readFounder(value: unknown): Founder {
  const [id, address] = readArray(value, "founder", 2, 2);
  return { id: readString(id, "id", maxTextBytes), address: readString(address, "address", maxTextBytes) };
}
