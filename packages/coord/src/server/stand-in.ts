import { peerMaxFrameBytes, peerProtocols } from "@flotilla/raft";
import type { Channel, ClientHost, Listener } from "@flotilla/runtime";
import { acceptHandshake, FlotillaError, Lobby } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real";
import type { NodeReport } from "../client/admin-api.ts";
import { adminProtocol } from "../wire/admin-messages.ts";
import { clientProtocol } from "../wire/messages.ts";
import { AdminDoor } from "./admin-door.ts";
import type { AdminService } from "./admin-door.ts";
import type { StartOptions } from "./api.ts";
import type { LoadedStartOptions } from "./options.ts";
import { loadStartOptions } from "./options.ts";

/** A handshake takes two frames of at most 4 KiB. */
const maxStrangerBytes = 65_536;
const versions = { min: 1, max: 1 } as const;

/** Listens in place of a member whose data is damaged. */
export interface StandIn extends AsyncDisposable {
  /** The bound `host:port`. */
  readonly address: string;
  /** What it tells whoever asks. */
  readonly report: Extract<NodeReport, { type: "damaged" }>;
  close(): Promise<void>;
}

/**
 * Stands in for a member whose data is damaged: it tells operators what is wrong and what to do, sends clients on with
 * `ERR_FLOTILLA_DAMAGED`, and is no member to the others: it neither votes nor acknowledges anything, and touches no
 * data.
 * @param options what the member was to be started with
 * @param error what `start` failed with
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`, `ERR_FLOTILLA_ADDRESS_IN_USE`
 */
export async function standIn(options: StartOptions, error: FlotillaError): Promise<StandIn> {
  const loaded = loadStartOptions(options);
  const given = options.host ?? realClientHost();
  const host = loaded.logger === undefined ? given : { ...given, logger: loaded.logger };
  const door = new Door(host, loaded, error);
  const listener = await host.network.listen(
    {
      address: loaded.listen,
      protocols: [...peerProtocols, clientProtocol, adminProtocol],
      maxFrameBytes: peerMaxFrameBytes,
      maxStrangerBytes,
    },
    (channel) => door.accept(channel),
  );
  return new ListeningStandIn(door, listener);
}

class ListeningStandIn implements StandIn {
  readonly address: string;
  readonly report: StandIn["report"];
  readonly #door: Door;
  readonly #listener: Listener;

  constructor(door: Door, listener: Listener) {
    this.address = listener.address;
    this.report = door.report();
    this.#door = door;
    this.#listener = listener;
  }

  async close(): Promise<void> {
    this.#door.close();
    await this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Tells whoever comes. */
class Door implements AdminService {
  readonly #host: ClientHost;
  readonly #loaded: LoadedStartOptions;
  readonly #error: FlotillaError;
  readonly #lobby: Lobby;
  readonly #admin: AdminDoor;

  constructor(host: ClientHost, loaded: LoadedStartOptions, error: FlotillaError) {
    this.#host = host;
    this.#loaded = loaded;
    this.#error = error;
    this.#lobby = new Lobby(host.clock);
    const { clock, random, logger } = host;
    this.#admin = new AdminDoor({ ...loaded, service: this, clock, random, logger, nodeId: loaded.id });
  }

  accept(channel: Channel): void {
    if (channel.protocol === adminProtocol) this.#admin.accept(channel);
    else if (channel.protocol === clientProtocol && this.#lobby.enter(channel)) this.#sendOn(channel);
    else turnAway(channel);
  }

  close(): void {
    this.#admin.close();
  }

  report(): StandIn["report"] {
    const { id, cluster } = this.#loaded;
    const advice =
      "Stop it, then have it come back with new data: flotilla repair --rejoin. Its old data is kept aside. That takes a majority of the members: without other ones, make the cluster anew of a backup, in an empty directory: flotilla snapshot restore.";
    return { type: "damaged", id, cluster, problem: this.#error.message, advice };
  }

  transfer(): Promise<never> {
    return Promise.reject(this.#refusal());
  }

  change(): Promise<never> {
    return Promise.reject(this.#refusal());
  }

  resign(): Promise<never> {
    return Promise.reject(this.#refusal());
  }

  digests(): never {
    throw this.#refusal();
  }

  leaseTimes(): never {
    throw this.#refusal();
  }

  save(): Promise<never> {
    return Promise.reject(this.#refusal());
  }

  resigned(): void {}

  /** Refuses a client with the reason, once it proved to know the secret. */
  #sendOn(channel: Channel): void {
    const { clock, random, logger } = this.#host;
    const { cluster, secret, id } = this.#loaded;
    acceptHandshake(channel, {
      clock,
      random,
      cluster,
      ...(secret === undefined ? {} : { secret }),
      versions,
      identity: id,
      admit: () => this.#refusal(),
      onReady: () => ({ message: () => {}, end: () => {} }),
    })
      .catch((error: unknown) => logger.debug({ err: error }, "a client was sent on"))
      .finally(() => this.#lobby.leave(channel));
  }

  #refusal(): FlotillaError {
    return new FlotillaError("ERR_FLOTILLA_DAMAGED", `the data of ${this.#loaded.id} is damaged`);
  }
}

function turnAway(channel: Channel): void {
  channel.handle({ message: () => {}, end: () => {} });
  channel.close("this member is damaged");
}
