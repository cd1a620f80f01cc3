import type { Channel, ChannelHandler, ClientHost } from "@flotilla/runtime";
import { dialHandshake, FlotillaError } from "@flotilla/runtime";
import type { EndpointSource } from "./discovery.ts";
import { Endpoints, isDialable } from "./endpoints.ts";
import { FramePort, frameHandler } from "../ports/frame-port.ts";
import type { Port, PortHandler } from "../ports/port.ts";
import { maxFrameBytes } from "../wire/bounds.ts";
import { encodeClientMessage } from "../wire/client-codec.ts";
import type { Answer, ClientMessage, Query, ServerMessage } from "../wire/messages.ts";
import { clientProtocol } from "../wire/messages.ts";
import { decodeServerMessage } from "../wire/server-codec.ts";

/**
 * Answers a local read at once: only while everything sent before, either way, has been heard, so that no answer
 * overtakes an event. Undefined when it has to be asked by a message.
 */
export type LocalReader = (query: Query) => Answer | undefined;

/** Hears what a server sends, on a port that just opened. */
export type ClientPortHandler = PortHandler<ServerMessage>;

/** Takes a port that just opened. With a reader when the server is in this process. */
export type OnPort = (port: Port<ClientMessage>, reader?: LocalReader) => ClientPortHandler;

/** Talks to a server over a channel. */
export function overChannel(channel: Channel, onReady: OnPort): ChannelHandler {
  return frameHandler(onReady(new FramePort(channel, encodeClientMessage)), decodeServerMessage);
}

/** A server to dial, and as whom. */
export interface DialTarget extends Omit<NetworkDialerOptions, "endpoints"> {
  readonly protocol: string;
  readonly address: string;
  readonly signal: AbortSignal;
}

/**
 * Opens a channel to one server and introduces this side. `onReady` is called once, in the turn the channel stands.
 * @throws FlotillaError saying why there is none
 */
export async function dialServer(
  target: DialTarget,
  onReady: (channel: Channel) => ChannelHandler,
): Promise<void> {
  const { host, protocol, address, cluster, secret, timeoutMs, signal } = target;
  const channel = await host.network.dial(address, { protocol, maxFrameBytes, timeoutMs, signal });
  const abandon = (): void => channel.close();
  if (signal.aborted) abandon();
  signal.addEventListener("abort", abandon, { once: true });
  try {
    await dialHandshake(channel, {
      clock: host.clock,
      random: host.random,
      cluster,
      ...(secret === undefined ? {} : { secret }),
      versions: { min: 1, max: 1 },
      identity: null,
      onReady: () => onReady(channel),
      timeoutMs,
    });
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

/** How a session gets a port to a server. */
export interface Dialer {
  /** Number of servers to choose from. */
  readonly choices: number;
  /**
   * Opens a port to the next server. Calls `onReady` once, in the turn the port stands: every message and the end
   * go to the handler it returns.
   * @throws FlotillaError saying why there is none
   */
  dial(onReady: OnPort, signal: AbortSignal): Promise<void>;
  /** `host:port` of servers that the one at hand told of. */
  learn(endpoints: readonly string[]): void;
}

export interface NetworkDialerOptions {
  readonly host: ClientHost;
  readonly endpoints: EndpointSource;
  readonly cluster: string;
  readonly secret?: Uint8Array | string;
  /** For the connection and again for the handshake, ms. */
  readonly timeoutMs: number;
}

/** Learned addresses kept beside the given ones. */
const maxLearned = 64;

/** Dials endpoints over the network, all of them in random order before any a second time. */
export class NetworkDialer implements Dialer {
  readonly #options: NetworkDialerOptions;
  readonly #endpoints: Endpoints;
  #learned: readonly string[] = [];
  #all: readonly string[];
  #order: string[] = [];
  #last: string | undefined;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT` without endpoints */
  constructor(options: NetworkDialerOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints(options.endpoints, options.host);
    this.#all = this.#endpoints.known;
  }

  get choices(): number {
    return Math.max(1, this.#all.length);
  }

  learn(endpoints: readonly string[]): void {
    this.#learned = endpoints.filter(isDialable).toSorted().slice(0, maxLearned);
    this.#join();
  }

  async dial(onReady: OnPort, signal: AbortSignal): Promise<void> {
    await this.#lookAnew(signal);
    const target = { ...this.#options, protocol: clientProtocol, address: this.#next(), signal };
    await dialServer(target, (channel) => overChannel(channel, onReady));
  }

  /** What was learned leads on when nothing can be found out. */
  async #lookAnew(signal: AbortSignal): Promise<void> {
    try {
      await this.#endpoints.look({ signal, timeoutMs: this.#options.timeoutMs });
    } catch (error) {
      if (this.#learned.length === 0 || signal.aborted) throw error;
    }
    this.#join();
  }

  #join(): void {
    this.#all = [...new Set([...this.#endpoints.known, ...this.#learned])];
    this.#order = this.#order.filter((endpoint) => this.#all.includes(endpoint));
  }

  #next(): string {
    if (this.#order.length === 0) this.#order = this.#shuffled();
    const next = this.#order.shift();
    if (next === undefined) throw new FlotillaError("ERR_FLOTILLA_INTERNAL", "no endpoint to dial");
    this.#last = next;
    return next;
  }

  /** A new round; the one tried last comes last. */
  #shuffled(): string[] {
    const order = this.#all.filter((endpoint) => endpoint !== this.#last);
    for (let i = order.length - 1; i > 0; i -= 1) {
      const j = this.#options.host.random.below(i + 1);
      const [a, b] = [order[i], order[j]];
      if (a === undefined || b === undefined) continue;
      order[i] = b;
      order[j] = a;
    }
    if (this.#last !== undefined && this.#all.includes(this.#last)) order.push(this.#last);
    return order;
  }
}
