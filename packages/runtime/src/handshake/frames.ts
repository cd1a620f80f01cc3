import { decode, encode } from "../codec.ts";
import type { ErrorCode } from "../errors.ts";
import { FlotillaError, toErrorCode } from "../errors.ts";
import { readArray, readBytes, readString, readUint } from "../shape.ts";

export const maxHandshakeFrameBytes: number = 4096;
export const nonceBytes: number = 32;
const maxIdentityBytes = 1024;
const maxClusterBytes = 256;
const maxMessageBytes = 512;
const macBytes = 32;

const types = { hello: 1, challenge: 2, proof: 3, ok: 4, refused: 5 } as const;

/** What a side says of itself, with the number that makes this conversation unlike any other. */
export interface Introduction {
  readonly cluster: string;
  /** Encoded. */
  readonly identity: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface Hello extends Introduction {
  readonly minVersion: number;
  readonly maxVersion: number;
}

export interface ChallengeBody extends Introduction {
  readonly version: number;
}

export interface Challenge extends ChallengeBody {
  /** The bytes that the proof covers, as they came. */
  readonly body: Uint8Array;
  /** Empty without a secret. */
  readonly mac: Uint8Array;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

function refuse(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", what);
}

function readNonce(value: unknown): Uint8Array {
  const nonce = readBytes(value, "nonce", nonceBytes);
  return nonce.length === nonceBytes ? nonce : refuse(`nonce: expected ${nonceBytes} bytes`);
}

function readMac(value: unknown): Uint8Array {
  const mac = readBytes(value, "proof", macBytes);
  return mac.length === 0 || mac.length === macBytes
    ? mac
    : refuse(`proof: expected ${macBytes} bytes or none`);
}

/** The items of a frame of this type, without the type. */
function readFrame(frame: Uint8Array, type: keyof typeof types, length: number): readonly unknown[] {
  const items = readArray(decode(frame), type, 1, 8);
  if (items[0] !== types[type]) refuse(`expected a ${type} frame`);
  return readArray(items, type, length + 1, length + 1).slice(1);
}

/** Encodes an identity. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when it takes more than 1 KiB */
export function encodeIdentity(identity: unknown): Uint8Array {
  const bytes = encode(identity);
  if (bytes.length <= maxIdentityBytes) return bytes;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `an identity takes at most ${maxIdentityBytes} bytes`);
}

export function encodeHello(hello: Hello): Uint8Array {
  const { minVersion, maxVersion, cluster, identity, nonce } = hello;
  return encode([types.hello, minVersion, maxVersion, cluster, identity, nonce]);
}

export function decodeHello(frame: Uint8Array): Hello {
  const [minVersion, maxVersion, cluster, identity, nonce] = readFrame(frame, "hello", 5);
  return {
    minVersion: readUint(minVersion, "lowest version"),
    maxVersion: readUint(maxVersion, "highest version"),
    cluster: readString(cluster, "cluster", maxClusterBytes),
    identity: readBytes(identity, "identity", maxIdentityBytes),
    nonce: readNonce(nonce),
  };
}

export function encodeChallengeBody(challenge: ChallengeBody): Uint8Array {
  const { version, cluster, identity, nonce } = challenge;
  return encode([version, cluster, identity, nonce]);
}

export function encodeChallenge(body: Uint8Array, mac: Uint8Array): Uint8Array {
  return encode([types.challenge, body, mac]);
}

export function decodeChallenge(frame: Uint8Array): Challenge {
  const [rawBody, mac] = readFrame(frame, "challenge", 2);
  const body = readBytes(rawBody, "challenge", maxHandshakeFrameBytes);
  const [version, cluster, identity, nonce] = readArray(decode(body), "challenge", 4, 4);
  return {
    body,
    mac: readMac(mac),
    version: readUint(version, "version"),
    cluster: readString(cluster, "cluster", maxClusterBytes),
    identity: readBytes(identity, "identity", maxIdentityBytes),
    nonce: readNonce(nonce),
  };
}

export function encodeProof(mac: Uint8Array): Uint8Array {
  return encode([types.proof, mac]);
}

export function decodeProof(frame: Uint8Array): Uint8Array {
  const [mac] = readFrame(frame, "proof", 1);
  return readMac(mac);
}

export function encodeOk(): Uint8Array {
  return encode([types.ok]);
}

export function checkOk(frame: Uint8Array): void {
  readFrame(frame, "ok", 0);
}

export function encodeRefusal({ code, message }: Refusal): Uint8Array {
  return encode([types.refused, code, message]);
}

/** The refusal in a frame, or undefined when the frame is of another type. */
export function decodeRefusal(frame: Uint8Array): Refusal | undefined {
  const items = readArray(decode(frame), "frame", 1, 8);
  if (items[0] !== types.refused) return undefined;
  const [code, message] = readArray(items, "refusal", 3, 3).slice(1);
  return {
    code: toErrorCode(readString(code, "refusal code", maxMessageBytes)),
    message: readString(message, "refusal message", maxMessageBytes),
  };
}
