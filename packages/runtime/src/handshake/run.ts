import { cutReason } from "../channel-reason.ts";
import type { Timer } from "../clock.ts";
import type { ErrorCode } from "../errors.ts";
import { FlotillaError } from "../errors.ts";
import type { Channel, ChannelEnd, ChannelHandler } from "../network.ts";
import type { Refusal } from "./frames.ts";
import { decodeRefusal, encodeRefusal, maxHandshakeFrameBytes } from "./frames.ts";
import type { HandshakeOptions, HandshakePeer } from "./options.ts";
import type { HandshakeSide } from "./side.ts";

const defaultTimeoutMs = 5000;

/** What a stranger may tell: more could make a node act, such as stop as wiped, on the word of anybody. */
const strangersCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ERR_FLOTILLA_BAD_FRAME",
  "ERR_FLOTILLA_OVERLOADED",
  "ERR_FLOTILLA_TIMEOUT",
  "ERR_FLOTILLA_UNSUPPORTED",
  "ERR_FLOTILLA_WRONG_CLUSTER",
  "ERR_FLOTILLA_WRONG_SECRET",
]);

interface Outcome {
  readonly resolve: (peer: HandshakePeer) => void;
  readonly reject: (error: unknown) => void;
}

/** Hears for one after the other: a channel keeps its first handler, and with it whatever that needs. */
class Relay implements ChannelHandler {
  #to: ChannelHandler;

  constructor(to: ChannelHandler) {
    this.#to = to;
  }

  passTo(handler: ChannelHandler): void {
    this.#to = handler;
  }

  message(frame: Uint8Array): void {
    this.#to.message(frame);
  }

  end(end: ChannelEnd): void {
    this.#to.end(end);
  }
}

/** Leads one side through the handshake, then leaves everything to the owner's handler. */
class Conductor implements ChannelHandler {
  readonly #channel: Channel;
  readonly #relay: Relay = new Relay(this);
  readonly #options: HandshakeOptions;
  readonly #side: HandshakeSide;
  readonly #outcome: Outcome;
  readonly #timer: Timer;
  #settled = false;

  constructor(channel: Channel, options: HandshakeOptions, side: HandshakeSide, outcome: Outcome) {
    this.#channel = channel;
    this.#options = options;
    this.#side = side;
    this.#outcome = outcome;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#timer = options.clock.setTimer(timeoutMs, () =>
      this.#refuse(
        new FlotillaError("ERR_FLOTILLA_TIMEOUT", `no handshake within ${Math.round(timeoutMs)} ms`),
      ),
    );
  }

  start(): void {
    const first = this.#side.start();
    if (first !== undefined) this.#channel.send(first);
    this.#channel.handle(this.#relay);
  }

  message(frame: Uint8Array): void {
    if (!this.#settled) this.#step(frame);
  }

  end(end: ChannelEnd): void {
    const why = end.reason === "" ? end.cause : `${end.cause}, ${end.reason}`;
    this.#fail(
      new FlotillaError(
        "ERR_FLOTILLA_UNREACHABLE",
        `the channel to ${this.#remote} ended in its handshake: ${why}`,
      ),
    );
  }

  get #remote(): string {
    return this.#channel.remoteAddress;
  }

  #step(frame: Uint8Array): void {
    try {
      if (frame.length > maxHandshakeFrameBytes) {
        throw new FlotillaError(
          "ERR_FLOTILLA_BAD_FRAME",
          `a handshake frame takes at most ${maxHandshakeFrameBytes} bytes`,
        );
      }
      const refusal = decodeRefusal(frame);
      if (refusal === undefined) this.#advance(frame);
      else this.#refused(refusal);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #advance(frame: Uint8Array): void {
    const { send, peer } = this.#side.step(frame);
    if (send !== undefined) this.#channel.send(send);
    if (peer === undefined) return;
    this.#settle();
    this.#finish(peer);
  }

  /** The other side may count on the channel by now, so an owner that fails just ends it. */
  #finish(peer: HandshakePeer): void {
    try {
      this.#channel.trust?.();
      this.#relay.passTo(this.#options.onReady(peer));
      this.#outcome.resolve(peer);
    } catch (error) {
      this.#channel.close("the handshake failed");
      this.#outcome.reject(error);
    }
  }

  #refused({ code, message }: Refusal): void {
    const known = this.#side.trustsPeer || strangersCodes.has(code);
    this.#fail(
      new FlotillaError(known ? code : "ERR_FLOTILLA_UNREACHABLE", `${this.#remote} refused: ${message}`, {
        details: { refusedWith: code },
      }),
    );
  }

  /** Tells the other side why, then ends the channel. An error that is not ours tells nothing. */
  #refuse(error: unknown): void {
    const code = FlotillaError.is(error) ? error.code : "ERR_FLOTILLA_INTERNAL";
    const message = FlotillaError.is(error) ? cutReason(error.message) : "";
    if (!this.#side.hasSpoken) this.#channel.send(encodeRefusal({ code, message }));
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#channel.close("the handshake failed");
    this.#outcome.reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#timer.cancel();
  }
}

function checkOptions(options: HandshakeOptions): void {
  if (options.secret !== undefined && options.secret.length === 0) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", "the secret is empty");
  }
}

/** Runs one side's handshake over a channel. */
export async function runHandshake(
  channel: Channel,
  options: HandshakeOptions,
  makeSide: () => HandshakeSide,
): Promise<HandshakePeer> {
  return new Promise((resolve, reject) => {
    try {
      checkOptions(options);
      new Conductor(channel, options, makeSide(), { resolve, reject }).start();
    } catch (error) {
      channel.handle({ message: () => {}, end: () => {} });
      channel.close("the handshake failed");
      reject(error);
    }
  });
}
