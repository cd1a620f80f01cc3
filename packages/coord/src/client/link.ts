import type { ClientHost, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Port } from "../ports/port.ts";
import type { Answer, ClientMessage, Query, ServerMessage } from "../wire/messages.ts";
import type { ClientPortHandler, Dialer, LocalReader } from "./dialer.ts";

/** What the owner of a link hears. */
export interface LinkHandler {
  /** A channel stands. */
  opened(): void;
  message(message: ServerMessage): void;
  /** The channel that stood is gone; another is on its way. */
  closed(): void;
  /** No server took the session. `roundOver`: all have been tried since one last did, or since the last round. */
  failed(error: FlotillaError, roundOver: boolean): void;
}

/** Full jitter: each wait is drawn from zero to a ceiling that doubles. */
const firstCeilingMs = 50;

function asFlotillaError(error: unknown): FlotillaError {
  if (FlotillaError.is(error)) return error;
  return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "no connection to a server", { cause: error });
}

/** Keeps one port open to some server, going on to the next one when it ends. */
export class Link {
  readonly #host: ClientHost;
  readonly #dialer: Dialer;
  readonly #handler: LinkHandler;
  readonly #maxBackoffMs: number;
  #port: Port<ClientMessage> | undefined;
  #reader: LocalReader | undefined;
  #dialing: AbortController | undefined;
  #retry: Timer | undefined;
  /** When a server took the session, by the clock; null while none has on this channel. */
  #settledMs: number | null = null;
  /** Channels in a row that ended soon after a server took the session. */
  #brief = 0;
  #failures = 0;
  #stopped = false;

  constructor(host: ClientHost, dialer: Dialer, maxBackoffMs: number, handler: LinkHandler) {
    this.#host = host;
    this.#dialer = dialer;
    this.#maxBackoffMs = maxBackoffMs;
    this.#handler = handler;
  }

  /** Grows as bytes come in on the channel that stands, also while a message is not whole yet. */
  get receivedBytes(): number {
    return this.#port?.receivedBytes ?? 0;
  }

  start(): void {
    void this.#dial();
  }

  /** Does nothing while no channel stands. */
  send(message: ClientMessage): void {
    this.#port?.send(message);
  }

  /** What the server within this process answers to a local read at once; undefined when it has to be asked. */
  answerNow(query: Query): Answer | undefined {
    return this.#reader?.(query);
  }

  /** The server took the session: from now on an end of the channel is not counted as a failure. */
  settled(): void {
    this.#settledMs = this.#host.clock.now();
    this.#failures = 0;
  }

  /** Gives the present channel up for another. */
  drop(error: FlotillaError): void {
    const port = this.#port;
    if (port === undefined) return;
    port.close(error.message);
    this.#lost(error);
  }

  /** Ends it for good. Sends what is queued. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#dialing?.abort();
    const port = this.#port;
    this.#port = undefined;
    this.#reader = undefined;
    port?.close();
  }

  async #dial(): Promise<void> {
    const dialing = new AbortController();
    this.#dialing = dialing;
    const attempt = { opened: false };
    try {
      await this.#dialer.dial((port, reader) => {
        attempt.opened = true;
        return this.#opened(port, reader);
      }, dialing.signal);
    } catch (error) {
      if (!attempt.opened && !this.#stopped) this.#failed(asFlotillaError(error));
    }
  }

  #opened(port: Port<ClientMessage>, reader: LocalReader | undefined): ClientPortHandler {
    this.#dialing = undefined;
    if (this.#stopped) {
      port.close();
      return { message: () => {}, garbled: () => {}, end: () => {} };
    }
    this.#port = port;
    this.#reader = reader;
    this.#handler.opened();
    return {
      message: (message) => {
        if (this.#port === port) this.#received(message);
      },
      garbled: (error) => {
        if (this.#port === port) this.#garbled(error);
      },
      end: (end) => {
        if (this.#port !== port) return;
        const reason = end.reason === "" ? end.cause : end.reason;
        this.#lost(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the connection ended: ${reason}`));
      },
    };
  }

  #received(message: ServerMessage): void {
    try {
      this.#handler.message(message);
    } catch (error) {
      this.#garbled(error);
    }
  }

  /** @throws whatever does not say that the server is at fault */
  #garbled(error: unknown): void {
    if (
      !FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME") &&
      !FlotillaError.is(error, "ERR_FLOTILLA_TOO_LARGE")
    )
      throw error;
    this.#host.logger.warn({ err: error }, "a server sent what is not of this protocol");
    this.drop(error);
  }

  #lost(error: FlotillaError): void {
    this.#port = undefined;
    this.#reader = undefined;
    const settledMs = this.#settledMs;
    this.#settledMs = null;
    this.#handler.closed();
    if (this.#stopped) return;
    if (settledMs === null) this.#failed(error);
    else this.#goOn(this.#host.clock.now() - settledMs);
  }

  /** At once nearly, but whoever is cut off again and again must not go round at full speed: each attach is in the log. */
  #goOn(stoodMs: number): void {
    this.#brief = stoodMs < this.#maxBackoffMs ? this.#brief + 1 : 0;
    this.#dialIn(this.#host.random.float() * this.#ceilingMs(this.#brief));
  }

  #ceilingMs(doublings: number): number {
    return Math.min(this.#maxBackoffMs, firstCeilingMs * 2 ** Math.min(doublings, 16));
  }

  #failed(error: FlotillaError): void {
    this.#failures += 1;
    const rounds = Math.floor(this.#failures / this.#dialer.choices);
    const roundOver = this.#failures % this.#dialer.choices === 0;
    this.#handler.failed(error, roundOver);
    if (this.#stopped) return;
    const ceiling = rounds === 0 ? 0 : this.#ceilingMs(rounds);
    this.#dialIn(roundOver ? this.#host.random.float() * ceiling : 0);
  }

  #dialIn(delayMs: number): void {
    this.#retry = this.#host.clock.setTimer(delayMs, () => void this.#dial());
  }
}
