import type { Channel, ChannelEnd, ChannelHandler } from "@flotilla/runtime";
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

  get receivedBytes(): number {
    return this.#channel.receivedBytes ?? 0;
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

/** Hears frames as messages. */
class FrameHandler<In, Handler extends PortHandler<In>> implements ChannelHandler {
  readonly #handler: Handler;
  readonly #decode: (frame: Uint8Array, handler: Handler) => In;

  constructor(handler: Handler, decode: (frame: Uint8Array, handler: Handler) => In) {
    this.#handler = handler;
    this.#decode = decode;
  }

  message(frame: Uint8Array): void {
    let message: In;
    try {
      message = this.#decode(frame, this.#handler);
    } catch (error) {
      this.#handler.garbled(error);
      return;
    }
    this.#handler.message(message);
  }

  end(end: ChannelEnd): void {
    this.#handler.end(end);
  }
}

/** Hears frames as messages. What `decode` throws is told as garbled. */
export function frameHandler<In, Handler extends PortHandler<In> = PortHandler<In>>(
  handler: Handler,
  decode: (frame: Uint8Array, handler: Handler) => In,
): ChannelHandler {
  return new FrameHandler(handler, decode);
}
