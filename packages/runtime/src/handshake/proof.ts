import { createHmac, timingSafeEqual } from "node:crypto";
import { FlotillaError } from "../errors.ts";

/** Who proves; part of what is proven, so that a proof cannot be sent back to its maker. */
export type Role = "dialer" | "acceptor";

/** All that was said before the proofs. */
export interface Transcript {
  /** The channel's protocol: a proof made for one is none for another. */
  readonly protocol: string;
  /** The hello frame, as it was sent. */
  readonly hello: Uint8Array;
  /** The body of the challenge, as it was sent. */
  readonly challenge: Uint8Array;
}

export type Secret = string | Uint8Array | undefined;

const nothing = new Uint8Array(0);

/** Each part is led by its length, so that no two transcripts run together to the same bytes. */
function part(bytes: Uint8Array): Uint8Array[] {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return [length, bytes];
}

/** The proof that `role` knows the secret: HMAC-SHA256 over role and transcript; empty without a secret. */
export function makeProof(secret: Secret, role: Role, transcript: Transcript): Uint8Array {
  if (secret === undefined) return nothing;
  const hmac = createHmac("sha256", secret);
  const label = new TextEncoder().encode(`flotilla handshake 1 ${role} ${transcript.protocol}`);
  for (const bytes of [label, transcript.hello, transcript.challenge]) {
    for (const piece of part(bytes)) hmac.update(piece);
  }
  return new Uint8Array(hmac.digest());
}

/**
 * Checks the other side's proof in constant time.
 * @throws FlotillaError `ERR_FLOTILLA_WRONG_SECRET`
 */
export function checkProof(secret: Secret, role: Role, transcript: Transcript, proof: Uint8Array): void {
  const expected = makeProof(secret, role, transcript);
  if (expected.length === proof.length && timingSafeEqual(expected, proof)) return;
  let problem = "the two sides have different secrets";
  if (expected.length === 0) problem = "the other side has a secret, this side has none";
  else if (proof.length === 0) problem = "this side has a secret, the other side has none";
  throw new FlotillaError("ERR_FLOTILLA_WRONG_SECRET", problem);
}
