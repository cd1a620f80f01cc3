import { isInIpRange, parseIpAddress, parseIpRange } from "./ip-range.ts";
import type { IpRange } from "./ip-range.ts";

/** What an entry of an access list grants; added up. As in ZooKeeper. */
export const permissions: {
  readonly read: 1;
  readonly write: 2;
  readonly create: 4;
  readonly delete: 8;
  readonly admin: 16;
  readonly all: 31;
} = Object.freeze({ read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 });

/** Kinds of entries of an access list. */
export const aclSchemes = ["world", "auth", "digest", "ip", "x509"] as const;
export type AclScheme = (typeof aclSchemes)[number];

/**
 * Grants something to whoever it names:
 * - `world`, `anyone`;
 * - `auth`, any id: everybody the caller is, by name and password or certificate; never kept as such;
 * - `digest`, `user:base64(SHA-1(user:password))`;
 * - `ip`, an address or the range `address/bits`, of version 4 or 6;
 * - `x509`, the subject of a certificate, where servers know clients by one: those of this version know none.
 */
export interface AclEntry {
  readonly scheme: AclScheme;
  readonly id: string;
  /** Sum of {@link permissions}, 1 to 31. */
  readonly permissions: number;
}

/** Who may do what with a node; any entry that names the caller grants. Never inherited. */
export type Acl = readonly AclEntry[];

/** Ways to be somebody. `super` may do everything. */
export const identitySchemes = ["digest", "ip", "x509", "super"] as const;

/** Somebody a caller was proved to be. */
export interface Identity {
  readonly scheme: (typeof identitySchemes)[number];
  /** As in {@link AclEntry}; of `ip` an address. */
  readonly id: string;
}

/** Everybody may do everything: of a node that was made without a list. */
export const openAcl: Acl = Object.freeze([
  Object.freeze({ scheme: "world", id: "anyone", permissions: permissions.all }),
]);

/** Share of an entry in memory besides its id. */
const entryOverheadBytes = 256;

/** What a list takes up in memory, about. */
export function bytesOfAcl(acl: Acl): number {
  let bytes = 0;
  for (const { id } of acl) bytes += entryOverheadBytes + id.length * 2;
  return bytes;
}

/** Entries of one list, identities of one caller, and UTF-8 bytes of an id, at most. */
export const aclBounds = { entries: 64, identities: 16, idBytes: 1_024 } as const;

function grantsSomething({ permissions: granted }: AclEntry): boolean {
  return Number.isInteger(granted) && granted >= 1 && granted <= permissions.all;
}

function isEntry(entry: AclEntry): boolean {
  if (!grantsSomething(entry)) return false;
  const { scheme, id } = entry;
  switch (scheme) {
    case "world":
      return id === "anyone";
    case "auth":
      return true;
    case "digest":
      return /^[^:]+:[^:]+$/.test(id);
    case "ip":
      return parseIpRange(id) !== null;
    default:
      return id !== "";
  }
}

/** True for a list that a caller may ask for: not empty, not too long, every entry of a known form. */
export function isAcl(acl: Acl): boolean {
  return acl.length > 0 && acl.length <= aclBounds.entries && acl.every(isEntry);
}

/**
 * True for a list as a node has it: one that could be asked for, or what became of `auth`. Of the names in those nothing is
 * demanded, as nothing was when they were proved.
 */
export function isKeptAcl(acl: Acl): boolean {
  if (acl.length === 0 || acl.length > aclBounds.entries) return false;
  return acl.every((entry) => {
    const { scheme } = entry;
    if (scheme === "digest" || scheme === "x509") return grantsSomething(entry);
    return scheme !== "auth" && isEntry(entry);
  });
}

/**
 * The list as it is kept: `auth` stands for everybody the caller is, and no entry comes twice. Null when nothing is
 * left of `auth`, or the list becomes too long.
 */
export function settledAcl(acl: Acl, identities: readonly Identity[]): Acl | null {
  const kept = new Map<string, AclEntry>();
  for (const entry of acl) {
    const named = entry.scheme === "auth" ? proved(entry, identities) : [entry];
    if (named.length === 0) return null;
    for (const each of named) kept.set(`${each.scheme} ${each.permissions} ${each.id}`, each);
  }
  return kept.size <= aclBounds.entries ? [...kept.values()] : null;
}

function proved({ permissions: granted }: AclEntry, identities: readonly Identity[]): AclEntry[] {
  const entries: AclEntry[] = [];
  for (const { scheme, id } of identities)
    if (scheme === "digest" || scheme === "x509") entries.push({ scheme, id, permissions: granted });
  return entries;
}

/** What a list grants, by whom it names: lists are asked far more often than they are made. */
class Grants {
  #toAll = 0;
  /** By id. */
  readonly #toUsers: Map<string, number> = new Map();
  readonly #toSubjects: Map<string, number> = new Map();
  readonly #toRanges: (readonly [range: IpRange, granted: number])[] = [];
  /** Whoever asked last, and what they were granted: of many nodes they mostly find the same list. */
  #caller: readonly Identity[] | null = null;
  #granted = 0;

  constructor(acl: Acl) {
    for (const { scheme, id, permissions: granted } of acl) {
      if (scheme === "world") this.#toAll |= granted;
      else if (scheme === "ip") this.#toRange(id, granted);
      else if (scheme !== "auth") this.#toName(this.#named(scheme), id, granted);
    }
  }

  /** Everything granted to a caller, added up. */
  to(identities: readonly Identity[]): number {
    if (identities === this.#caller) return this.#granted;
    let granted = this.#toAll;
    for (const identity of identities) granted |= this.#toIdentity(identity);
    this.#caller = identities;
    this.#granted = granted;
    return granted;
  }

  #named(scheme: "digest" | "x509"): Map<string, number> {
    return scheme === "digest" ? this.#toUsers : this.#toSubjects;
  }

  #toName(named: Map<string, number>, id: string, granted: number): void {
    named.set(id, (named.get(id) ?? 0) | granted);
  }

  #toRange(id: string, granted: number): void {
    const range = parseIpRange(id);
    if (range !== null) this.#toRanges.push([range, granted]);
  }

  #toIdentity({ scheme, id }: Identity): number {
    if (scheme === "super") return permissions.all;
    if (scheme !== "ip") return this.#named(scheme).get(id) ?? 0;
    const address = this.#toRanges.length === 0 ? null : parseIpAddress(id);
    if (address === null) return 0;
    let granted = 0;
    for (const [range, each] of this.#toRanges) if (isInIpRange(address, range)) granted |= each;
    return granted;
  }
}

const grantsOf = new WeakMap<Acl, Grants>();

/** True when a caller may do what any of these permissions stands for. Neither list is ever changed. */
export function permits(acl: Acl, identities: readonly Identity[], wanted: number): boolean {
  if (acl === openAcl) return true;
  let grants = grantsOf.get(acl);
  if (grants === undefined) {
    grants = new Grants(acl);
    grantsOf.set(acl, grants);
  }
  return (grants.to(identities) & wanted) !== 0;
}

/** The list as a caller who may see it sees it: without `admin` the hashes of passwords are `x`. */
export function shownAcl(acl: Acl, identities: readonly Identity[]): Acl {
  if (permits(acl, identities, permissions.admin)) return acl;
  return acl.map((entry) =>
    entry.scheme === "digest" ? { ...entry, id: `${entry.id.slice(0, entry.id.indexOf(":"))}:x` } : entry,
  );
}
