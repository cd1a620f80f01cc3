import type { Coord, Session } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import type { LoadClient } from "./client.ts";
import { checkValueLength, keyName, value } from "./client.ts";

const root = "/bench";
const local = { level: "local" } as const;

/** The calls of a session, remote or embedded. */
export class FlotillaClient implements LoadClient {
  readonly #session: Session;
  readonly #coord: Coord | null;

  /** `coord` is closed with the client; null leaves the session to its owner. */
  constructor(session: Session, coord: Coord | null) {
    this.#session = session;
    this.#coord = coord;
  }

  /** Opens a session with the server on that port of loopback. */
  static async open(port: number): Promise<FlotillaClient> {
    const coord = await connect({ endpoints: [`127.0.0.1:${port}`] });
    return new FlotillaClient(coord.session, coord);
  }

  /** Makes the node under which all keys stand. */
  async createRoot(): Promise<void> {
    await this.#session.put(root, value);
  }

  async create(key: number): Promise<void> {
    await this.#session.put(`${root}/${keyName(key)}`, value);
  }

  async set(key: number): Promise<void> {
    await this.#session.set(`${root}/${keyName(key)}`, value);
  }

  async get(key: number): Promise<void> {
    const node = await this.#session.get(`${root}/${keyName(key)}`);
    checkValueLength(node?.value.length);
  }

  async getLocal(key: number): Promise<void> {
    const node = await this.#session.get(`${root}/${keyName(key)}`, local);
    checkValueLength(node?.value.length);
  }

  async close(): Promise<void> {
    await this.#coord?.close();
  }
}
