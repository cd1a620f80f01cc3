import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** Stands on a port of loopback between whoever dials it and another port. */
export class Relay {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    server.on("connection", (socket) => this.#join(socket, targetPort));
  }

  static async open(port: number, targetPort: number): Promise<Relay> {
    const server = createServer({ noDelay: true });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new Relay(server, targetPort);
  }

  /** Nothing arrives any more, in either direction, while connections stay open. */
  cut(): void {
    this.#isCut = true;
    for (const [one, other] of this.#pairs) {
      one.unpipe(other);
      other.unpipe(one);
    }
  }

  /** What was on its way arrives. */
  heal(): void {
    this.#isCut = false;
    for (const [one, other] of this.#pairs) flow(one, other);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  #join(dialer: Socket, targetPort: number): void {
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const pair = [dialer, target] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      // Its end is told by its close.
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
    if (!this.#isCut) flow(dialer, target);
  }
}

function flow(one: Socket, other: Socket): void {
  one.pipe(other);
  other.pipe(one);
}
