import type { Channel, Clock, Random } from "@flotilla/runtime";
import { acceptHandshake, FlotillaError, Lobby, RefusalLog } from "@flotilla/runtime";
import { FramePort, frameHandler } from "../ports/frame-port.ts";
import type { Port } from "../ports/port.ts";
import { decodeClientMessage } from "../wire/client-codec.ts";
import type { ClientMessage, ServerMessage } from "../wire/messages.ts";
import { encodeServerMessage } from "../wire/server-codec.ts";
import type { ServerContext } from "./context.ts";
import { ServerSession } from "./server-session.ts";

/** Channels that know the secret and did not attach yet; more are turned away. */
const maxUnattached = 256;

/** Lowest and highest version of the client protocol that is spoken. */
const versions = { min: 1, max: 1 } as const;

/** What a door needs. */
export interface ClientDoorOptions {
  readonly context: ServerContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  readonly secret?: Uint8Array | string;
}

function decodeFor(frame: Uint8Array, { renewal }: ServerSession): ClientMessage {
  return decodeClientMessage(frame, renewal.list);
}

/** Lets client channels in, and keeps those that are in. */
export class ClientDoor {
  readonly #options: ClientDoorOptions;
  readonly #sessions = new Set<ServerSession>();
  /** Those of them that were not seen attached. */
  readonly #unattached = new Set<ServerSession>();
  readonly #lobby: Lobby;
  readonly #refusals: RefusalLog;
  readonly #ended = (session: ServerSession): void => {
    this.#sessions.delete(session);
    this.#unattached.delete(session);
  };
  #closed = false;

  constructor(options: ClientDoorOptions) {
    this.#options = options;
    this.#lobby = new Lobby(options.clock);
    this.#refusals = new RefusalLog(options.clock);
  }

  /** Takes a channel from the network, in the turn it came: it must know cluster and secret. */
  accept(channel: Channel): void {
    if (!this.#admits(channel)) return;
    this.#handshake(channel)
      .catch((error: unknown) => this.#turnedAway(channel, error))
      .finally(() => this.#lobby.leave(channel));
  }

  /** Takes a client within the process: never turned away for others that wait. What it sends goes to the session. */
  acceptLocal(port: Port<ServerMessage>): ServerSession {
    return this.#open(port);
  }

  /** Ends every channel and takes no more. */
  close(): void {
    this.#closed = true;
    for (const session of this.#sessions) session.close("this member is closing");
  }

  async #handshake(channel: Channel): Promise<void> {
    const { clock, random, cluster, secret, context } = this.#options;
    await acceptHandshake(channel, {
      clock,
      random,
      cluster,
      ...(secret === undefined ? {} : { secret }),
      versions,
      identity: context.nodeId,
      onReady: () => {
        const session = this.#open(new FramePort(channel, encodeServerMessage));
        return frameHandler(session, decodeFor);
      },
    });
  }

  #open(port: Port<ServerMessage>): ServerSession {
    const session = new ServerSession(port, this.#options.context, this.#ended);
    this.#sessions.add(session);
    this.#unattached.add(session);
    if (this.#closed) session.close("this member is closing");
    return session;
  }

  #admits(channel: Channel): boolean {
    for (const session of this.#unattached) if (session.isAttached) this.#unattached.delete(session);
    if (!this.#closed && this.#unattached.size < maxUnattached && this.#lobby.enter(channel)) return true;
    channel.handle({ message: () => {}, end: () => {} });
    channel.close(this.#closed ? "this member is closing" : "too many connections are waiting to attach");
    return false;
  }

  #turnedAway(channel: Channel, error: unknown): void {
    const { remoteAddress } = channel;
    if (!this.#refusals.isNewsFrom(remoteAddress, error)) return;
    const { logger } = this.#options.context;
    const fields = { err: error, remoteAddress };
    if (FlotillaError.is(error)) logger.warn(fields, "a client was turned away");
    else logger.error(fields, "a client could not be let in");
  }
}
