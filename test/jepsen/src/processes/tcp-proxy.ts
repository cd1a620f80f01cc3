import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import type { Flow } from "./tcp-lane.ts";
import { TcpLane } from "./tcp-lane.ts";

/** Which way bytes go: from the side that dialed, or to it. */
export type Direction = "forth" | "back";

/** An end of a connection: who dialed, or who was dialed. */
export type End = "dialer" | "target";

interface Pair {
  readonly dialer: Socket;
  readonly target: Socket;
  readonly lanes: Readonly<Record<Direction, TcpLane>>;
}

/**
 * Stands on loopback between whoever dials it and one port. Cutting stops bytes while connections stay open, as
 * a network that loses every packet; what was under way arrives when it heals.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  /** Ends of connections whose other end is closed, and that do not know. */
  readonly #orphans = new Set<Socket>();
  readonly #flows: Record<Direction, Flow> = { forth: {}, back: {} };
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

  /** For connections that stand and for new ones. */
  set(direction: Direction, flow: Flow): void {
    this.#flows[direction] = flow;
    for (const { lanes } of this.#pairs) lanes[direction].set(flow);
  }

  /** Stops bytes in these directions. */
  cut(...directions: readonly Direction[]): void {
    for (const direction of directions) this.set(direction, { cut: true });
  }

  /** Resets all connections, and new ones as well until it heals. */
  refuse(): void {
    this.#refusing = true;
    this.reset();
  }

  /** Resets all connections that stand. */
  reset(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Ends each connection that stands when bytes come next, in their midst. */
  breakOff(): void {
    for (const { lanes } of this.#pairs) for (const lane of Object.values(lanes)) lane.breakOff();
  }

  /** Closes one end of each connection that stands. What the other end says is lost, and it hears nothing, not even that. */
  close(end: End): void {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair);
      const orphan = end === "dialer" ? pair.target : pair.dialer;
      this.#orphans.add(orphan);
      orphan.once("close", () => this.#orphans.delete(orphan));
      for (const lane of Object.values(pair.lanes)) lane.discard();
      pair[end].destroy();
    }
  }

  /** Resets what `close` left. */
  resetOrphans(): void {
    for (const orphan of this.#orphans) orphan.resetAndDestroy();
  }

  heal(): void {
    this.#refusing = false;
    this.resetOrphans();
    for (const direction of ["forth", "back"] as const) this.set(direction, {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.refuse();
    this.resetOrphans();
    await closed;
  }

  #connected(dialer: Socket): void {
    dialer.on("error", () => {});
    if (this.#refusing) {
      dialer.resetAndDestroy();
      return;
    }
    const target = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true });
    target.on("error", () => {});
    const end = (): void => this.#end(pair);
    const lanes = {
      forth: new TcpLane(dialer, target, this.#flows.forth, end),
      back: new TcpLane(target, dialer, this.#flows.back, end),
    };
    const pair: Pair = { dialer, target, lanes };
    this.#pairs.add(pair);
    dialer.once("close", end);
    target.once("close", end);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.dialer, pair.target]) socket.resetAndDestroy();
  }
}
