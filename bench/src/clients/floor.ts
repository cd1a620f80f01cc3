import type { Socket } from "node:net";
import { connect } from "node:net";
import type { LoadClient } from "./client.ts";
import { standardValue } from "./client.ts";

/** Talks to the floor's replicas: a record out, one byte back. Nothing is ever read. */
export class FloorClient implements LoadClient {
  readonly #socket: Socket;
  readonly #value: Uint8Array;
  #pending: (() => void)[] = [];

  private constructor(socket: Socket, value: Uint8Array) {
    this.#socket = socket;
    this.#value = value;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#acknowledged(chunk.length));
  }

  /** Connects to the replica on that port of loopback. */
  static async open(port: number, value: Uint8Array = standardValue): Promise<FloorClient> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((done, failed) => {
      socket.once("connect", done);
      socket.once("error", failed);
    });
    return new FloorClient(socket, value);
  }

  async create(): Promise<void> {
    await this.set();
  }

  set(): Promise<void> {
    return new Promise((done) => {
      this.#pending.push(done);
      this.#socket.write(this.#value);
    });
  }

  get(): Promise<void> {
    return Promise.reject(new Error("the floor only writes"));
  }

  getLocal(): Promise<void> {
    return this.get();
  }

  createAll(): Promise<void> {
    return this.get();
  }

  ephemeral(): Promise<void> {
    return this.get();
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.#socket.end(done));
  }

  #acknowledged(count: number): void {
    const done = this.#pending.slice(0, count);
    this.#pending = this.#pending.slice(count);
    for (const each of done) each();
  }
}
