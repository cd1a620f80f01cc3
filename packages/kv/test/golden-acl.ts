import type { Acl, AclEntry, Identity } from "../src/acl.ts";
import { refuse } from "./golden-refusal.ts";

const bits = { read: 1, write: 2, create: 4, delete: 8, admin: 16 } as const;

export type Permission = keyof typeof bits;

/** What is wrong with a list whatever the state and the caller. Ranges of addresses are `10.0.0.0/8` or nonsense. */
export function judgeAcl(acl: Acl): void {
  if (acl.length === 0 || acl.length > 64) refuse("ERR_FLOTILLA_INVALID_ACL");
  for (const { scheme, id, permissions } of acl) {
    if (permissions < 1 || permissions > 31) refuse("ERR_FLOTILLA_INVALID_ACL");
    if (scheme === "world" && id !== "anyone") refuse("ERR_FLOTILLA_INVALID_ACL");
    if (scheme === "digest" && id.split(":").filter((part) => part !== "").length !== 2)
      refuse("ERR_FLOTILLA_INVALID_ACL");
    if (scheme === "ip" && id !== "10.0.0.0/8") refuse("ERR_FLOTILLA_INVALID_ACL");
  }
}

/** The list as it is kept. */
export function settle(acl: Acl, callers: readonly Identity[]): Acl {
  judgeAcl(acl);
  const kept: AclEntry[] = [];
  for (const entry of acl) {
    const { scheme, permissions } = entry;
    const known = callers.filter((caller) => ["digest", "x509"].includes(caller.scheme));
    if (scheme === "auth" && known.length === 0) refuse("ERR_FLOTILLA_INVALID_ACL");
    const named =
      scheme === "auth" ? known.map((caller) => ({ ...caller, permissions }) as AclEntry) : [entry];
    for (const each of named) if (!kept.some((other) => isSame(other, each))) kept.push(each);
  }
  return kept;
}

function isSame(a: AclEntry, b: AclEntry): boolean {
  return a.scheme === b.scheme && a.id === b.id && a.permissions === b.permissions;
}

/** Whether a list grants something to a caller. */
export function grants(acl: Acl, callers: readonly Identity[], what: Permission): boolean {
  if (callers.some(({ scheme }) => scheme === "super")) return true;
  return acl.some(({ scheme, id, permissions }) => {
    if (Math.floor(permissions / bits[what]) % 2 === 0) return false;
    if (scheme === "world") return true;
    if (scheme === "ip")
      return callers.some((caller) => caller.scheme === "ip" && caller.id.startsWith("10."));
    return callers.some((caller) => caller.scheme === scheme && caller.id === id);
  });
}
