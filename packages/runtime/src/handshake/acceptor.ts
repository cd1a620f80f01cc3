import type { Channel } from "../network.ts";
import { FlotillaError } from "../errors.ts";
import type { Hello } from "./frames.ts";
import { decodeHello, decodeProof, encodeChallenge, encodeChallengeBody, encodeOk } from "./frames.ts";
import type { HandshakeOptions, HandshakePeer } from "./options.ts";
import type { Transcript } from "./proof.ts";
import { checkProof, makeProof } from "./proof.ts";
import { runHandshake } from "./run.ts";
import type { HandshakeSide, StepResult } from "./side.ts";
import { admitPeer, checkCluster, introduce } from "./side.ts";

interface Challenged {
  readonly transcript: Transcript;
  readonly identity: Uint8Array;
  readonly version: number;
}

class AcceptorSide implements HandshakeSide {
  /** The proof that would earn trust also ends the handshake. */
  readonly trustsPeer: boolean = false;
  /** Its last word ends the handshake. */
  readonly hasSpoken: boolean = false;
  readonly #options: HandshakeOptions;
  readonly #protocol: string;
  #challenged: Challenged | undefined;

  constructor(protocol: string, options: HandshakeOptions) {
    this.#options = options;
    this.#protocol = protocol;
  }

  start(): undefined {
    return undefined;
  }

  step(frame: Uint8Array): StepResult {
    return this.#challenged === undefined ? this.#greeted(frame) : this.#proven(frame, this.#challenged);
  }

  #greeted(frame: Uint8Array): StepResult {
    const hello = decodeHello(frame);
    const own = introduce(this.#options);
    checkCluster(own.cluster, hello.cluster);
    const version = this.#commonVersion(hello);
    const body = encodeChallengeBody({ version, ...own });
    const transcript: Transcript = { protocol: this.#protocol, hello: frame.slice(), challenge: body };
    this.#challenged = { transcript, identity: hello.identity.slice(), version };
    return { send: encodeChallenge(body, makeProof(this.#options.secret, "acceptor", transcript)) };
  }

  #proven(frame: Uint8Array, { transcript, identity, version }: Challenged): StepResult {
    checkProof(this.#options.secret, "dialer", transcript, decodeProof(frame));
    return { send: encodeOk(), peer: admitPeer(this.#options, identity, version) };
  }

  #commonVersion({ minVersion, maxVersion }: Hello): number {
    const { min, max } = this.#options.versions;
    const version = Math.min(max, maxVersion);
    if (version >= min && version >= minVersion) return version;
    throw new FlotillaError(
      "ERR_FLOTILLA_UNSUPPORTED",
      `no common protocol version: one side speaks ${min} to ${max}, the other ${minVersion} to ${maxVersion}`,
    );
  }
}

/**
 * The accepting side of the handshake. Call it within the listener's `onChannel`; it takes the
 * channel's handler. Resolves after `onReady` was called; when it rejects, the channel is closed and
 * the dialer was told the code.
 * @throws FlotillaError as `dialHandshake`
 */
export async function acceptHandshake(channel: Channel, options: HandshakeOptions): Promise<HandshakePeer> {
  return runHandshake(channel, options, () => new AcceptorSide(channel.protocol, options));
}
