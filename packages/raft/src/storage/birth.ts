import { FlotillaError } from "@flotilla/runtime";
import type { Disk, Random, Store } from "@flotilla/runtime";
import { maxVoters } from "../core/config/configuration.ts";
import { faultOfId, faultOfReach } from "../core/config/member-facts.ts";
import type { NodeId } from "../core/types.ts";
import type { Founder } from "../node/types.ts";
import { HighWater } from "./high-water.ts";
import { decodeIdentity, encodeIdentity, readMarker, requireOwn, writeMarker } from "./identity.ts";
import type { Identity, Marker, StoredIdentity } from "./identity.ts";
import { hardKey, identityKey, tailKey } from "./keys.ts";
import { bornTail, decodeTail, encodeHard, encodeTail } from "./records.ts";
import { damaged } from "./sealed.ts";

/** Who a node says it is, and whom it may found a cluster with. */
export interface BirthOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly cluster: string;
  readonly id: NodeId;
  readonly bootstrap: readonly Founder[] | undefined;
  /** Be born without founders, to be added to a cluster. */
  readonly join: boolean;
}

const incarnationBytes = 16;
/** What a handshake takes, bytes of UTF-8. */
const maxClusterBytes = 256;
/** Half of a pair, which UTF-8 has no form of. */
const half = /\p{Surrogate}/u;

/**
 * Verifies that the data is this node's own and whole enough to be read, or makes it when there never was
 * any. A birth that a crash cut short is done again.
 * @throws FlotillaError `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_BAD_CONFIG` (nothing there, and
 * nobody to found with, or names and addresses that no data can hold)
 */
export async function identify(store: Store, options: BirthOptions): Promise<StoredIdentity> {
  const { disk, cluster, id } = options;
  const marker = await readMarker(disk.files);
  if (marker !== null) requireOwn(marker, cluster, id, "the identity file");
  const stored = await readStored(store);
  if (stored !== null) requireOwn(stored, cluster, id, "the store");
  if (marker?.initialised === true) return requireSame(marker, stored);
  if (!(await isUnborn(store))) throw damaged("the store holds data but the identity file does not say so");
  return beBorn(store, options);
}

async function readStored(store: Store): Promise<StoredIdentity | null> {
  const bytes = await store.get(identityKey);
  return bytes === undefined ? null : decodeIdentity(bytes);
}

function requireSame(marker: Marker, stored: StoredIdentity | null): StoredIdentity {
  if (stored === null)
    throw damaged("the store is empty or cut short although this node was initialised: it was wiped");
  if (stored.incarnation === marker.incarnation) return stored;
  throw new FlotillaError(
    "ERR_FLOTILLA_FOREIGN",
    "store and identity file belong to different incarnations of this node",
  );
}

// Nothing but what a birth writes: no key at all, or the first batch alone.
async function isUnborn(store: Store): Promise<boolean> {
  const tail = await store.get(tailKey);
  if (tail !== undefined) return decodeTail(tail).seq === bornTail.seq;
  for await (const _ of store.entries({})) return false;
  return true;
}

async function beBorn(store: Store, options: BirthOptions): Promise<StoredIdentity> {
  const { disk, random, cluster, id } = options;
  requireNames(cluster, id);
  const founders = options.join ? [] : requireFounders(options.bootstrap, id);
  const incarnation = Buffer.from(random.bytes(incarnationBytes)).toString("hex");
  const identity: Identity = { cluster, id, incarnation };
  await writeMarker(disk.files, { ...identity, initialised: false });
  await HighWater.create(disk.files);
  await store.write([
    { type: "put", key: identityKey, value: encodeIdentity({ ...identity, founders }) },
    { type: "put", key: hardKey, value: encodeHard({ seq: bornTail.hardSeq, term: 0, vote: null }) },
    { type: "put", key: tailKey, value: encodeTail(bornTail) },
  ]);
  await writeMarker(disk.files, { ...identity, initialised: true });
  return { ...identity, founders };
}

function requireNames(cluster: unknown, id: unknown): void {
  if (typeof cluster !== "string" || half.test(cluster) || Buffer.byteLength(cluster) > maxClusterBytes)
    throw badConfig(`cluster: expected a text of at most ${maxClusterBytes} bytes of UTF-8`);
  const fault = typeof id === "string" ? faultOfId(id) : "expected a text";
  if (fault !== null) throw badConfig(`id: ${fault}`);
}

function requireFounders(bootstrap: unknown, id: NodeId): readonly Founder[] {
  if (bootstrap === undefined)
    throw badConfig("there is no data here, and neither founding members nor a cluster to join are given");
  if (!Array.isArray(bootstrap)) throw badConfig("bootstrap: expected a list of founding members");
  const founders = Array.from(bootstrap, requireFounder).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (founders.length > maxVoters) throw badConfig(`at most ${maxVoters} founding members`);
  for (const [position, founder] of founders.entries()) {
    if (founders[position - 1]?.id === founder.id)
      throw badConfig(`founding member ${founder.id} is named twice`);
  }
  if (!founders.some((founder) => founder.id === id))
    throw badConfig(`node ${id} is not among the founding members`);
  return founders;
}

function requireFounder(value: unknown): Founder {
  const { id, address }: { readonly id?: unknown; readonly address?: unknown } = Object(value);
  if (typeof id !== "string" || typeof address !== "string")
    throw badConfig("bootstrap: expected of each founding member its id and its address");
  const fault = faultOfId(id) ?? faultOfReach(address);
  if (fault !== null) throw badConfig(`founding member ${JSON.stringify(id)}: ${fault}`);
  return { id, address };
}

function badConfig(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", message);
}
