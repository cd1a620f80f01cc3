import { decode } from "../codec.ts";
import { FlotillaError } from "../errors.ts";
import type { HandshakeOptions, HandshakePeer } from "./options.ts";
import type { Introduction } from "./frames.ts";
import { encodeIdentity, nonceBytes } from "./frames.ts";

/** What one frame led to. */
export interface StepResult {
  readonly send?: Uint8Array;
  /** Set when the handshake is done. */
  readonly peer?: HandshakePeer;
}

/** One side's part of the conversation, without timers and channel. */
export interface HandshakeSide {
  /** The frame to begin with, if this side begins. */
  start(): Uint8Array | undefined;
  /** Takes the next frame. @throws FlotillaError when the other side is to be refused */
  step(frame: Uint8Array): StepResult;
  /** True once the other side has proven all it can. */
  readonly trustsPeer: boolean;
  /** True once it has said all it has to say: the other side may be through, and takes what follows for its owner's. */
  readonly hasSpoken: boolean;
}

/** This side's half of an introduction. */
export function introduce(options: HandshakeOptions): Introduction {
  return {
    cluster: options.cluster,
    identity: encodeIdentity(options.identity),
    nonce: options.random.bytes(nonceBytes),
  };
}

/** @throws FlotillaError `ERR_FLOTILLA_WRONG_CLUSTER` */
export function checkCluster(own: string, theirs: string): void {
  if (own === theirs) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_WRONG_CLUSTER",
    `one side is of cluster ${own}, the other of ${theirs}`.slice(0, 400),
  );
}

/** @throws FlotillaError what `admit` returned or threw */
export function admitPeer(
  options: HandshakeOptions,
  encodedIdentity: Uint8Array,
  version: number,
): HandshakePeer {
  const identity = decode(encodedIdentity.slice());
  const refused = options.admit?.(identity);
  if (refused !== undefined) throw refused;
  return { identity, version };
}
