import type { Channel, ChannelHandler } from "@flotilla/runtime";
import type { Port, PortHandler } from "./port.ts";

/** Sends messages as frames of a channel. */
export class FramePort<Out> implements Port<Out> {
  readonly #channel: Channel;
  readonly #encode: (message: Out) => Uint8Array;

  constructor(channel: Channel, encode: (message: Out) => Uint8Array) {
    this.#channel = channel;
    this.#encode = encode;
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  get remoteAddress(): string {
    return this.#channel.remoteAddress;
  }

  send(message: Out): void {
    this.#channel.send(this.#encode(message));
  }

  close(reason?: string): void {
    this.#channel.close(reason);
  }
}

/** Hears frames as messages. What `decode` throws is told as garbled. */
export function frameHandler<In>(
  handler: PortHandler<In>,
  decode: (frame: Uint8Array) => In,
): ChannelHandler {
  return {
    message: (frame) => {
      let message: In;
      try {
        message = decode(frame);
      } catch (error) {
        handler.garbled(error);
        return;
      }
      handler.message(message);
    },
    end: (end) => handler.end(end),
  };
}
