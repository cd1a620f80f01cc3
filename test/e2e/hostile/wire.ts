import type { Channel, ChannelEnd, ChannelHandler, HandshakeOptions } from "@flotilla/runtime";
import { dialHandshake } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import { maxFrameBytes } from "../../../packages/coord/src/wire/bounds.ts";
import { encodeClientMessage } from "../../../packages/coord/src/wire/client-codec.ts";
import type {
  AttachMessage,
  ClientMessage,
  ServerMessage,
} from "../../../packages/coord/src/wire/messages.ts";
import { clientProtocol } from "../../../packages/coord/src/wire/messages.ts";
import { decodeServerMessage } from "../../../packages/coord/src/wire/server-codec.ts";
import { cluster, secret } from "./lone-member.ts";

const host = realClientHost({});

const { clock } = host;
export const { random } = host;

/** One channel to a member, without any of the manners of a client. */
export class Wire {
  readonly channel: Channel;
  readonly frames: Uint8Array[] = [];
  /** What this side said in its handshake. */
  readonly said: Uint8Array[] = [];
  /** Resolves when the channel is over. */
  readonly ended: Promise<ChannelEnd>;
  readonly handler: ChannelHandler;
  #over: ChannelEnd | undefined;
  #waiting: (() => void)[] = [];

  constructor(channel: Channel) {
    this.channel = channel;
    const finishers: ((end: ChannelEnd) => void)[] = [];
    this.ended = new Promise((resolve) => void finishers.push(resolve));
    this.handler = {
      message: (frame) => {
        this.frames.push(frame);
        this.#wake();
      },
      end: (end) => {
        this.#over = end;
        for (const finish of finishers) finish(end);
        this.#wake();
      },
    };
  }

  /** A channel on which nothing was said. */
  static async dial(address: string, protocol: string = clientProtocol): Promise<Wire> {
    const wire = new Wire(await dial(address, protocol));
    wire.channel.handle(wire.handler);
    return wire;
  }

  /** A channel that went through the handshake. @throws FlotillaError as `dialHandshake` */
  static async greeted(
    address: string,
    options: Partial<HandshakeOptions> = {},
    protocol = clientProtocol,
  ): Promise<Wire> {
    return Wire.over(await dial(address, protocol), options);
  }

  /** The same over a channel that stands. */
  static async over(channel: Channel, options: Partial<HandshakeOptions> = {}): Promise<Wire> {
    const wire = new Wire(channel);
    await dialHandshake(noting(wire.channel, wire.said), {
      clock,
      random,
      cluster,
      secret,
      versions: { min: 1, max: 1 },
      identity: null,
      onReady: () => wire.handler,
      ...options,
    });
    return wire;
  }

  /** A channel with a session of its own attached. */
  static async attached(address: string, more: Partial<AttachMessage> = {}): Promise<Wire> {
    const wire = await Wire.greeted(address);
    wire.say(attachMessage(more));
    await wire.heard("attached");
    return wire;
  }

  say(message: ClientMessage): void {
    this.channel.send(encodeClientMessage(message));
  }

  /** What the server said so far. */
  get messages(): ServerMessage[] {
    return this.frames.map((frame) => decodeServerMessage(frame));
  }

  /** Waits for a message of this type. @throws Error when the channel ended without one */
  async heard<T extends ServerMessage["type"]>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      const found = this.messages.find((message) => isOf(message, type));
      if (found !== undefined && isOf(found, type)) return found;
      if (this.#over !== undefined) throw new Error(`no ${type}; it ended: ${JSON.stringify(this.#over)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The code with which the server ended it; undefined when it gave none. */
  async refusedWith(): Promise<string | undefined> {
    await this.ended;
    const last = this.messages.at(-1);
    return last?.type === "ended" ? last.code : undefined;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function isOf<T extends ServerMessage["type"]>(
  message: ServerMessage,
  type: T,
): message is Extract<ServerMessage, { type: T }> {
  return message.type === type;
}

/** An attach of a new session. */
export function attachMessage(more: Partial<AttachMessage> = {}): AttachMessage {
  return {
    type: "attach",
    auth: [],
    session: Buffer.from(random.bytes(16)).toString("hex"),
    secret: random.bytes(16),
    attach: 1,
    ttlMs: 120_000,
    watches: [],
    ...more,
  };
}

/** The same channel, with a note of what is sent through it. */
function noting(channel: Channel, said: Uint8Array[]): Channel {
  return {
    protocol: channel.protocol,
    remoteAddress: channel.remoteAddress,
    bufferedBytes: 0,
    isOpen: true,
    handle: (handler) => channel.handle(handler),
    close: (reason) => channel.close(reason),
    send: (frame) => {
      said.push(frame);
      channel.send(frame);
    },
  };
}

async function dial(address: string, protocol: string): Promise<Channel> {
  return host.network.dial(address, { protocol, maxFrameBytes, timeoutMs: 30_000 });
}
