import type { ConnectOptions, Coord, Session } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import type { LoadClient } from "./client.ts";
import { checkValueLength, keyPath, root, standardValue } from "./client.ts";

const line = "/bench-line";
const local = { level: "local" } as const;

/** The calls of a session, remote or embedded. */
export class FlotillaClient implements LoadClient {
  readonly #session: Session;
  readonly #coord: Coord | null;
  readonly #value: Uint8Array;

  /** `coord` is closed with the client; null leaves the session to its owner. */
  constructor(session: Session, coord: Coord | null, value: Uint8Array = standardValue) {
    this.#session = session;
    this.#coord = coord;
    this.#value = value;
  }

  /** Opens a session with the server on that port of loopback. */
  static async open(
    port: number,
    value: Uint8Array = standardValue,
    options: Pick<ConnectOptions, "connectTimeoutMs"> = {},
  ): Promise<FlotillaClient> {
    const coord = await connect({ endpoints: [`127.0.0.1:${port}`], ...options });
    return new FlotillaClient(coord.session, coord, value);
  }

  /** Makes the nodes under which all keys, and all places in a line, stand. */
  async createRoot(): Promise<void> {
    await this.#session.put(root, this.#value);
    await this.#session.put(line, this.#value);
  }

  async create(key: number): Promise<void> {
    await this.#session.put(keyPath(key), this.#value);
  }

  async createAll(keys: readonly number[]): Promise<void> {
    const item = (key: number) => ({ type: "create", path: keyPath(key), value: this.#value }) as const;
    await this.#session.multi(keys.map(item));
  }

  async ephemeral(): Promise<void> {
    const options = { ephemeral: true, sequential: true } as const;
    const { path } = await this.#session.create(`${line}/e-`, this.#value, options);
    await this.#session.delete(path);
  }

  async set(key: number): Promise<void> {
    await this.#session.set(keyPath(key), this.#value);
  }

  async get(key: number): Promise<void> {
    const node = await this.#session.get(keyPath(key));
    checkValueLength(node?.value.length, this.#value.length);
  }

  async getLocal(key: number): Promise<void> {
    const node = await this.#session.get(keyPath(key), local);
    checkValueLength(node?.value.length, this.#value.length);
  }

  async close(): Promise<void> {
    await this.#coord?.close();
  }
}
