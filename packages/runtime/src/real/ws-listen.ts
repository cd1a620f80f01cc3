import type { IncomingMessage } from "node:http";
import { createServer, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { formatAddress, parseAddress } from "../address.ts";
import { type ChannelRoom, defaultMaxChannels, mostChannels } from "../channel-room.ts";
import type { LobbyGuest } from "../handshake/lobby.ts";
import { Lobby } from "../handshake/lobby.ts";
import type { Channel, Listener, ListenOptions } from "../network.ts";
import { bindError, boundAddress } from "./bind.ts";
import { filesForConnections } from "./open-files.ts";
import { WsChannel } from "./ws-channel.ts";
import { sharedOptions } from "./ws-options.ts";

/**
 * Connections whose other side has not asked for a channel yet, or not proved itself, on top of the channels: as many as
 * a system lets wait to be accepted come at once.
 */
const maxPending = 512;
/** A connection must have asked for its upgrade by then. */
const requestTimeoutMs = 5000;

function refuse(socket: Duplex, status: number): void {
  socket.on("error", () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}

/** What a listener takes of the files that there are for connections. */
function roomWithin(
  files: number,
  { maxChannels = defaultMaxChannels, reserved: asked }: ChannelRoom,
): { readonly pending: number } & Required<ChannelRoom> {
  const pending = Math.min(maxPending, Math.ceil(files / 4));
  const { protocols, channels } = asked ?? { protocols: [], channels: 0 };
  const reserved = { protocols, channels: Math.min(channels, Math.ceil(files / 8)) };
  const left = Math.max(1, files - pending - reserved.channels);
  return { pending, maxChannels: Math.min(maxChannels, left), reserved };
}

/** A connection until its other side proved itself. */
class Stranger implements LobbyGuest {
  readonly #socket: Socket;
  /** Once it asked for one. */
  channel: WsChannel | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** At once: an orderly close could take as long as the stranger likes. */
  close(reason: string): void {
    if (this.channel === undefined) this.#socket.destroy();
    else this.channel.cut(reason);
  }
}

class WsListener implements Listener {
  readonly #options: ListenOptions;
  readonly #onChannel: (channel: Channel) => void;
  readonly #room: ChannelRoom;
  readonly #channels = new Set<WsChannel>();
  /** Those that asked for no channel yet. */
  readonly #pending = new Map<Socket, Stranger>();
  /** Those of the channels whose other side has not proved itself. */
  readonly #unproven = new Map<WsChannel, Stranger>();
  readonly #lobby: Lobby;
  readonly #trusted = (channel: WsChannel): void => {
    if (this.#isFullFor(channel.protocol)) channel.close("too many connections");
    else this.#leaveLobby(channel);
  };
  readonly #closed = (channel: WsChannel): void => {
    this.#leaveLobby(channel);
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#emptied?.();
  };
  readonly #http = createServer({
    maxHeaderSize: 8192,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
  });
  readonly #upgrader: WebSocketServer;
  #address = "";
  #closing: Promise<void> | undefined;
  /** Hears that the last channel is gone. */
  #emptied: (() => void) | undefined;

  constructor(options: ListenOptions, onChannel: (channel: Channel) => void) {
    this.#options = options;
    this.#onChannel = onChannel;
    const { pending, maxChannels, reserved } = roomWithin(filesForConnections(), options);
    this.#room = { maxChannels, reserved };
    this.#lobby = new Lobby(performance, pending);
    this.#upgrader = new WebSocketServer({
      ...sharedOptions,
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxFrameBytes,
    });
    this.#http.maxConnections = maxChannels + reserved.channels + pending;
    this.#http.on("connection", (socket: Socket) => this.#connected(socket));
    this.#http.on("request", (_request, response) => response.writeHead(426, { connection: "close" }).end());
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get address(): string {
    return this.#address;
  }

  async listen(): Promise<void> {
    const { host, port } = parseAddress(this.#options.address);
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", (error) => reject(bindError(this.#options.address, error)));
      // Workers of `node:cluster` would share the port, and get each other's connections.
      this.#http.listen({ host, port, exclusive: true }, resolve);
    });
    this.#http.removeAllListeners("error");
    // What accepting reports later, such as too many open files, concerns one connection only.
    this.#http.on("error", () => {});
    this.#address = boundAddress(this.#http.address());
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const stopped = new Promise<void>((resolve) => void this.#http.close(() => resolve()));
    for (const socket of this.#pending.keys()) socket.destroy();
    for (const channel of this.#channels) channel.close("the listener closed");
    await stopped;
    // Their connections are gone; each handler hears of it a moment later.
    if (this.#channels.size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  #connected(socket: Socket): void {
    const stranger = new Stranger(socket);
    if (!this.#lobby.enter(stranger)) {
      socket.destroy();
      return;
    }
    const deadline = setTimeout(() => socket.destroy(), requestTimeoutMs);
    this.#pending.set(socket, stranger);
    const done = (): void => {
      clearTimeout(deadline);
      this.#pending.delete(socket);
      socket.off("close", gone);
      socket.off("upgraded", done);
    };
    const gone = (): void => {
      done();
      this.#lobby.leave(stranger);
    };
    socket.once("close", gone);
    socket.once("upgraded", done);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = request.headers["sec-websocket-protocol"] ?? "";
    if (this.#closing !== undefined || this.#isFullFor(asked)) return refuse(socket, 503);
    if (!this.#options.protocols.includes(asked)) return refuse(socket, 400);
    this.#upgrader.handleUpgrade(request, socket, head, (ws) => this.#opened(ws, request.socket));
  }

  /** On its own, so that no closure that lives as long as the channel keeps the request alive. */
  #opened(ws: WebSocket, socket: Socket): void {
    const stranger = this.#pending.get(socket);
    socket.emit("upgraded");
    const { remoteAddress: host = "unknown", remotePort: port = 0 } = socket;
    const channel = new WsChannel(ws, socket, {
      remoteAddress: formatAddress({ host, port }),
      isClient: false,
      maxFrameBytes: this.#options.maxFrameBytes,
      onTrusted: this.#trusted,
      onClosed: this.#closed,
    });
    this.#channels.add(channel);
    this.#introduce(channel, stranger);
    this.#onChannel(channel);
    if (!channel.hasHandler) channel.terminate();
  }

  /** It stays in the lobby for as long as its other side has to prove itself. */
  #introduce(channel: WsChannel, stranger: Stranger | undefined): void {
    if (stranger === undefined) return;
    stranger.channel = channel;
    this.#unproven.set(channel, stranger);
    if (this.#options.maxStrangerBytes === undefined) this.#leaveLobby(channel);
    else channel.distrust(this.#options.maxStrangerBytes);
  }

  #leaveLobby(channel: WsChannel): void {
    const stranger = this.#unproven.get(channel);
    if (stranger !== undefined) this.#lobby.leave(stranger);
    this.#unproven.delete(channel);
  }

  /** Who proved nothing takes none of the places, and keeps nobody from them. */
  #isFullFor(protocol: string): boolean {
    return this.#channels.size - this.#unproven.size >= mostChannels(this.#room, protocol);
  }
}

/**
 * Listens for web sockets.
 * @throws FlotillaError `ERR_FLOTILLA_ADDRESS_IN_USE`, `ERR_FLOTILLA_BAD_ADDRESS`
 */
export async function listenWs(
  options: ListenOptions,
  onChannel: (channel: Channel) => void,
): Promise<Listener> {
  const listener = new WsListener(options, onChannel);
  await listener.listen();
  return listener;
}
