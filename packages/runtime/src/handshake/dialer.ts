import type { Channel } from "../network.ts";
import { FlotillaError } from "../errors.ts";
import { checkOk, decodeChallenge, encodeHello, encodeProof } from "./frames.ts";
import type { HandshakeOptions, HandshakePeer } from "./options.ts";
import type { Transcript } from "./proof.ts";
import { checkProof, makeProof } from "./proof.ts";
import { runHandshake } from "./run.ts";
import type { HandshakeSide, StepResult } from "./side.ts";
import { admitPeer, checkCluster, introduce } from "./side.ts";

class DialerSide implements HandshakeSide {
  readonly #options: HandshakeOptions;
  readonly #protocol: string;
  readonly #hello: Uint8Array;
  #peer: HandshakePeer | undefined;
  #trustsPeer = false;

  constructor(protocol: string, options: HandshakeOptions) {
    this.#options = options;
    this.#protocol = protocol;
    const { min, max } = options.versions;
    this.#hello = encodeHello({ minVersion: min, maxVersion: max, ...introduce(options) });
  }

  get trustsPeer(): boolean {
    return this.#trustsPeer;
  }

  get hasSpoken(): boolean {
    return this.#peer !== undefined;
  }

  start(): Uint8Array {
    return this.#hello;
  }

  step(frame: Uint8Array): StepResult {
    if (this.#peer === undefined) return this.#challenged(frame);
    checkOk(frame);
    return { peer: this.#peer };
  }

  /** The acceptor proves itself first: nothing is proven to one who does not know the secret. */
  #challenged(frame: Uint8Array): StepResult {
    const { cluster, secret, versions } = this.#options;
    const challenge = decodeChallenge(frame);
    checkCluster(cluster, challenge.cluster);
    const transcript: Transcript = {
      protocol: this.#protocol,
      hello: this.#hello,
      challenge: challenge.body,
    };
    checkProof(secret, "acceptor", transcript, challenge.mac);
    this.#trustsPeer = true;
    if (challenge.version < versions.min || challenge.version > versions.max) {
      throw new FlotillaError(
        "ERR_FLOTILLA_UNSUPPORTED",
        `protocol version ${challenge.version} was not offered`,
      );
    }
    this.#peer = admitPeer(this.#options, challenge.identity, challenge.version);
    return { send: encodeProof(makeProof(secret, "dialer", transcript)) };
  }
}

/**
 * The dialing side of the handshake. Call it in the turn the channel was received; it takes the
 * channel's handler. Resolves after `onReady` was called; when it rejects, the channel is closed.
 * @throws FlotillaError `ERR_FLOTILLA_WRONG_CLUSTER`, `ERR_FLOTILLA_WRONG_SECRET`,
 * `ERR_FLOTILLA_UNSUPPORTED` (no common version), `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TIMEOUT`,
 * `ERR_FLOTILLA_UNREACHABLE` (the channel ended), or the code that one side's `admit` gave
 */
export async function dialHandshake(channel: Channel, options: HandshakeOptions): Promise<HandshakePeer> {
  return runHandshake(channel, options, () => new DialerSide(channel.protocol, options));
}
