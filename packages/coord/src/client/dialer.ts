import type { Channel, ChannelHandler, ClientHost } from "@flotilla/runtime";
import { dialHandshake, FlotillaError, parseAddress } from "@flotilla/runtime";
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
  /** `host:port` */
  readonly endpoints: readonly string[];
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
  readonly #given: readonly string[];
  #all: readonly string[];
  #order: string[] = [];
  #last: string | undefined;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT` without endpoints */
  constructor(options: NetworkDialerOptions) {
    requireEndpoints(options.endpoints);
    this.#options = options;
    this.#given = [...new Set(options.endpoints)];
    this.#all = this.#given;
  }

  get choices(): number {
    return this.#all.length;
  }

  learn(endpoints: readonly string[]): void {
    const learned = endpoints.filter((endpoint) => isDialable(endpoint) && !this.#given.includes(endpoint));
    this.#all = [...this.#given, ...new Set(learned.toSorted().slice(0, maxLearned))];
    this.#order = this.#order.filter((endpoint) => this.#all.includes(endpoint));
  }

  async dial(onReady: OnPort, signal: AbortSignal): Promise<void> {
    const target = { ...this.#options, protocol: clientProtocol, address: this.#next(), signal };
    await dialServer(target, (channel) => overChannel(channel, onReady));
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

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT` without endpoints */
export function requireEndpoints(endpoints: readonly string[]): void {
  if (endpoints.length === 0)
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "endpoints: expected at least one");
  for (const endpoint of endpoints) parseAddress(endpoint);
}

function isDialable(endpoint: string): boolean {
  try {
    return parseAddress(endpoint).port > 0;
  } catch {
    return false;
  }
}
