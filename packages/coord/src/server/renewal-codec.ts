import { idDigits } from "@flotilla/kv";
import type { LeaseId } from "@flotilla/kv";
import { CborReader, CborWriter } from "@flotilla/runtime";

/** Leases in one message between members. */
export const maxLeasesPerMessage = 5_000;

/** What members tell each other about leases, besides the log. */
export type MemberMessage =
  /** To the leader: these were renewed where I serve. */
  | { readonly type: "renew"; readonly batch: number; readonly leases: readonly LeaseId[] }
  /** From the leader: all of that batch are vouched for but these. */
  | { readonly type: "vouched"; readonly batch: number; readonly refused: readonly LeaseId[] };

const writer = new CborWriter();

/** `[tag, batch, [lease…]]`; tags: 0 renew, 1 vouched. */
export function encodeMemberMessage(message: MemberMessage): Uint8Array {
  const leases = message.type === "renew" ? message.leases : message.refused;
  writer.begin();
  writer.array(3);
  writer.number(message.type === "renew" ? 0 : 1);
  writer.number(message.batch);
  writer.array(leases.length);
  for (const lease of leases) writer.text(lease);
  return writer.finish();
}

function readLease(reader: CborReader): LeaseId {
  return reader.hex("lease", idDigits);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function decodeMemberMessage(payload: Uint8Array): MemberMessage {
  const reader = new CborReader(payload);
  reader.array("member message", 3, 3);
  const tag = reader.uint("tag", 1);
  const batch = reader.uint("batch");
  const leases = reader.list("leases", maxLeasesPerMessage, readLease);
  reader.end("member message");
  return tag === 0 ? { type: "renew", batch, leases } : { type: "vouched", batch, refused: leases };
}
