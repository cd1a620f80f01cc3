import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { once } from "node:events";

/** Which way bytes go: from the side that dialed, or to it. */
export type Direction = "forth" | "back";

interface Pair {
  readonly dialer: Socket;
  readonly target: Socket;
}

/**
 * Stands on loopback between whoever dials it and one port. Cutting stops bytes while connections stay open, as
 * a network that loses every packet; what was under way arrives when it heals.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  readonly #cut = new Set<Direction>();
  #refusing = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    server.on("connection", (socket) => this.#connected(socket));
  }

  static async open(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    server.listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Stops bytes in these directions. */
  cut(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#cut.add(direction);
    this.#apply();
  }

  /** Resets all connections, and new ones as well. */
  reset(): void {
    this.#refusing = true;
    for (const pair of this.#pairs) this.#end(pair);
  }

  heal(): void {
    this.#refusing = false;
    this.#cut.clear();
    this.#apply();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.reset();
    await closed;
  }

  #connected(dialer: Socket): void {
    dialer.on("error", () => {});
    if (this.#refusing) {
      dialer.resetAndDestroy();
      return;
    }
    const target = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true });
    const pair = { dialer, target };
    this.#pairs.add(pair);
    target.on("error", () => {});
    dialer.on("data", (bytes) => target.write(bytes));
    target.on("data", (bytes) => dialer.write(bytes));
    dialer.once("close", () => this.#end(pair));
    target.once("close", () => this.#end(pair));
    this.#apply();
  }

  #apply(): void {
    for (const { dialer, target } of this.#pairs) {
      setFlow(dialer, !this.#cut.has("forth"));
      setFlow(target, !this.#cut.has("back"));
    }
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.dialer, pair.target]) socket.resetAndDestroy();
  }
}

function setFlow(socket: Socket, flows: boolean): void {
  if (flows) socket.resume();
  else socket.pause();
}
