import { aclBounds, digestId, isAcl, permissions } from "@flotilla/kv";
import type { Identity } from "@flotilla/kv";
import type { Credential } from "../wire/messages.ts";

/** The address without its port; null for what is none. */
function ipOf(remoteAddress: string): string | null {
  const id = remoteAddress.slice(0, remoteAddress.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return isAcl([{ scheme: "ip", id, permissions: permissions.all }]) ? id : null;
}

/**
 * Who a client is found to be: whoever it proved to be by a password, and its address.
 * @param remoteAddress `host:port`; undefined within the process
 * @param superDigest who may do everything, as `digestId` gives it
 */
export function identitiesOf(
  auth: readonly Credential[],
  remoteAddress: string | undefined,
  superDigest: string | undefined,
): readonly Identity[] {
  const found: Identity[] = [];
  for (const { user, password } of auth) {
    const id = digestId(user, password);
    if (id === superDigest) found.push({ scheme: "super", id: "" });
    found.push({ scheme: "digest", id });
  }
  const ip = remoteAddress === undefined ? null : ipOf(remoteAddress);
  if (ip !== null) found.push({ scheme: "ip", id: ip });
  return found.slice(0, aclBounds.identities);
}
