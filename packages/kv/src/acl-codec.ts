import { FlotillaError, readArray, readString, readUint } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { aclBounds, aclSchemes, identitySchemes } from "./acl.ts";
import type { Acl, AclEntry, Identity } from "./acl.ts";

/** Wider than any limit: a list that is too long is a result. */
const mostEntries = 1_024;

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

/**
 * Refuses what is no access list: a caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, TypeError
 */
export function checkAclShape(acl: Acl): void {
  readArray(acl, "acl", 0, mostEntries);
  for (const { scheme, id, permissions } of acl) {
    if (!aclSchemes.includes(scheme)) bad("acl: unknown scheme");
    readString(id, "id", aclBounds.idBytes);
    readUint(permissions, "permissions");
  }
}

/** Writes a list as an array of `[scheme, id, permissions]`. */
export function writeAcl(writer: CborWriter, acl: Acl): void {
  writer.array(acl.length);
  for (const { scheme, id, permissions } of acl) {
    writer.array(3);
    writer.number(aclSchemes.indexOf(scheme));
    writer.text(id);
    writer.number(permissions);
  }
}

function readEntry(reader: CborReader): AclEntry {
  reader.array("acl entry", 3, 3);
  const scheme = aclSchemes[reader.uint("scheme")] ?? bad("acl: unknown scheme");
  return { scheme, id: reader.text("id", aclBounds.idBytes), permissions: reader.uint("permissions") };
}

/**
 * Reads a list of any content.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readAcl(reader: CborReader): Acl {
  return reader.list("acl", mostEntries, readEntry);
}

/** Writes who a caller is as an array of `[scheme, id]`. */
export function writeIdentities(writer: CborWriter, identities: readonly Identity[]): void {
  readArray(identities, "identities", 1, aclBounds.identities);
  writer.array(identities.length);
  for (const { scheme, id } of identities) {
    if (!identitySchemes.includes(scheme)) bad("identity: unknown scheme");
    writer.array(2);
    writer.number(identitySchemes.indexOf(scheme));
    writer.text(readString(id, "id", aclBounds.idBytes));
  }
}

function readIdentity(reader: CborReader): Identity {
  reader.array("identity", 2, 2);
  const scheme = identitySchemes[reader.uint("scheme")] ?? bad("identity: unknown scheme");
  return { scheme, id: reader.text("id", aclBounds.idBytes) };
}

/**
 * Reads who a caller is; not empty.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readIdentities(reader: CborReader): readonly Identity[] {
  const identities = reader.list("identities", aclBounds.identities, readIdentity);
  return identities.length > 0 ? identities : bad("identities: expected at least one");
}
