import type { Clock } from "../clock.ts";
import type { FlotillaError } from "../errors.ts";
import type { ChannelHandler } from "../network.ts";
import type { Random } from "../random.ts";

/** The other side, as the handshake found it. */
export interface HandshakePeer {
  /** What the other side says of itself, decoded; proven to come from a holder of the secret, when there is one. */
  readonly identity: unknown;
  /** The highest protocol version both sides speak. */
  readonly version: number;
}

export interface HandshakeOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Both sides must name the same cluster. At most 256 bytes of UTF-8. */
  readonly cluster: string;
  /** Both sides must know the same secret, or both none. Not empty. */
  readonly secret?: string | Uint8Array;
  /** The protocol versions this side speaks, both included. */
  readonly versions: { readonly min: number; readonly max: number };
  /** What this side says of itself: at most 1 KiB once encoded. */
  readonly identity: unknown;
  /**
   * Judges the other side's identity, after its proof was verified. What it returns, or throws as a
   * `FlotillaError`, refuses the other side with that code. Default: everybody is admitted.
   */
  readonly admit?: (identity: unknown) => FlotillaError | undefined;
  /**
   * Called once when the handshake is done, in the same turn; every later frame and the end go to the
   * handler it returns.
   */
  readonly onReady: (peer: HandshakePeer) => ChannelHandler;
  /** Default 5,000 ms. */
  readonly timeoutMs?: number;
}
