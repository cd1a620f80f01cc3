const maxReasonBytes = 120;

const encoder = new TextEncoder();
const target = new Uint8Array(maxReasonBytes);

/** The start of `reason` that fits 120 bytes of UTF-8, cut between characters. */
export function cutReason(reason: string): string {
  const { read } = encoder.encodeInto(reason, target);
  return read === reason.length ? reason : reason.slice(0, read);
}
