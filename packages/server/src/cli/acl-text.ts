import type { Acl, AclEntry, AclScheme } from "@flotilla/coord/client";
import { permissions } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";

/** Letters as in ZooKeeper. */
const letters: readonly (readonly [letter: string, permission: number])[] = [
  ["c", permissions.create],
  ["d", permissions.delete],
  ["r", permissions.read],
  ["w", permissions.write],
  ["a", permissions.admin],
];
const schemes: readonly AclScheme[] = ["world", "auth", "digest", "ip", "x509"];

function bad(entry: string): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `not an entry of an access list: ${entry}; expected scheme:id:cdrwa, such as world:anyone:r or auth::cdrwa`,
  );
}

function parseEntry(text: string): AclEntry {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  const scheme = schemes.find((each) => each === text.slice(0, first));
  if (scheme === undefined || last === first) throw bad(text);
  let granted = 0;
  for (const letter of text.slice(last + 1)) {
    const found = letters.find(([each]) => each === letter);
    if (found === undefined) throw bad(text);
    granted |= found[1];
  }
  return { scheme, id: text.slice(first + 1, last), permissions: granted };
}

/**
 * Reads `scheme:id:cdrwa,…`. An id may hold colons, but no comma.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function parseAcl(text: string): Acl {
  return text.split(",").map(parseEntry);
}

/** An entry as {@link parseAcl} reads it. */
export function aclEntryText({ scheme, id, permissions: granted }: AclEntry): string {
  const given = letters.filter(([, permission]) => (granted & permission) !== 0);
  return `${scheme}:${id}:${given.map(([letter]) => letter).join("")}`;
}
