import type { LeaseId } from "@flotilla/kv";
import { decode, encode, readArray, readList, readUint } from "@flotilla/runtime";
import { readId } from "../wire/tree-codec.ts";

/** Leases in one message between members. */
export const maxLeasesPerMessage = 5_000;

/** What members tell each other about leases, besides the log. */
export type MemberMessage =
  /** To the leader: these were renewed where I serve. */
  | { readonly type: "renew"; readonly batch: number; readonly leases: readonly LeaseId[] }
  /** From the leader: all of that batch are vouched for but these. */
  | { readonly type: "vouched"; readonly batch: number; readonly refused: readonly LeaseId[] };

/** `[tag, batch, [lease…]]`; tags: 0 renew, 1 vouched. */
export function encodeMemberMessage(message: MemberMessage): Uint8Array {
  return message.type === "renew"
    ? encode([0, message.batch, message.leases])
    : encode([1, message.batch, message.refused]);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function decodeMemberMessage(payload: Uint8Array): MemberMessage {
  const items = readArray(decode(payload), "member message", 3, 3);
  const tag = readUint(items[0], "tag", 1);
  const batch = readUint(items[1], "batch");
  const leases = readList(items[2], "leases", maxLeasesPerMessage, readId);
  return tag === 0 ? { type: "renew", batch, leases } : { type: "vouched", batch, refused: leases };
}
