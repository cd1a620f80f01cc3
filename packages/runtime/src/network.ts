/** Why a channel ended. */
export interface ChannelEnd {
  /**
   * - `closed`: one side called `close`, or its process ended in order.
   * - `reset`: the connection broke.
   * - `oversized`: a frame was above `maxFrameBytes`; the receiving side closed.
   */
  readonly cause: "closed" | "reset" | "oversized";
  /** True when the other side, or its dying process, ended it. */
  readonly remote: boolean;
  /** The text given to `close`, at most 120 bytes of UTF-8; empty when there is none. */
  readonly reason: string;
}

/** What the owner of a channel hears. Called once per frame, in order, never re-entrantly from `send`. */
export interface ChannelHandler {
  message(frame: Uint8Array): void;
  /** Called exactly once, after the last `message`. */
  end(end: ChannelEnd): void;
}

/**
 * An ordered, loss-free and repeat-free stream of binary frames until it ends; then what was in
 * flight may or may not have arrived.
 */
export interface Channel {
  /** What the dialer asked for, such as `flotilla-peer-1`. */
  readonly protocol: string;
  /** The other side's address, for messages to people. */
  readonly remoteAddress: string;
  /** Bytes accepted by `send` and not yet handed to the system. */
  readonly bufferedBytes: number;
  /** Grows as bytes come in, also while a frame is not whole yet. Where there is none, frames come in as a whole. */
  readonly receivedBytes?: number;
  readonly isOpen: boolean;
  /**
   * Names the handler, once, in the turn the channel was received; until then frames wait.
   * A received frame belongs to the handler: it is not reused.
   */
  handle(handler: ChannelHandler): void;
  /** Queues one frame. Never throws; does nothing on an ended channel. The caller must not change `frame` afterwards. */
  send(frame: Uint8Array): void;
  /** Hands what is queued to the system now; otherwise that happens at the end of the turn. */
  flush?(): void;
  /**
   * Sends what is queued, then ends. What the other side did not take within 5 s is dropped, and the reason with it: a
   * reader that is slow on purpose holds no memory for longer. Idempotent.
   */
  close(reason?: string): void;
  /** The other side proved itself: `maxStrangerBytes` of the listener no longer binds it. */
  trust?(): void;
}

export interface ListenOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  /** Protocols accepted; a dialer asking for another is refused. */
  readonly protocols: readonly string[];
  /** A larger frame ends its channel. Bytes. */
  readonly maxFrameBytes: number;
  /**
   * Bytes that a channel may take in before its owner calls `trust`; more ends it. Until then it takes up none of
   * `maxChannels`; of very many of them, the oldest is ended for a new one. Default: no bound, and all are trusted.
   */
  readonly maxStrangerBytes?: number;
  /** Channels above this number are refused. Default 10,000. */
  readonly maxChannels?: number;
  /** So many of these protocols are let in on top: nobody else keeps them out. */
  readonly reserved?: { readonly protocols: readonly string[]; readonly channels: number };
}

export interface Listener extends AsyncDisposable {
  /** The bound `host:port`. */
  readonly address: string;
  /**
   * Stops accepting and ends every channel it accepted; resolves once the handlers of all of them heard so. Idempotent.
   */
  close(): Promise<void>;
}

export interface DialOptions {
  readonly protocol: string;
  /** Bytes. */
  readonly maxFrameBytes: number;
  /** Default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A port for small messages that may be lost, repeated or reordered. */
export interface Datagrams extends AsyncDisposable {
  readonly address: string;
  /** At most 1,200 bytes. Never throws for an unreachable target. */
  send(to: string, message: Uint8Array): void;
  close(): Promise<void>;
}

export interface Network {
  /**
   * Accepts channels. `onChannel` is called for each, and must call `handle` before it returns.
   * @throws FlotillaError `ERR_FLOTILLA_ADDRESS_IN_USE`, `ERR_FLOTILLA_BAD_ADDRESS`
   */
  listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener>;
  /**
   * Opens a channel; the name is resolved anew each time, once for all who ask for it while that is under way.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` (refused, unknown, timed out), or `signal.reason`
   */
  dial(address: string, options: DialOptions): Promise<Channel>;
  /** Binds a datagram port. */
  datagrams(address: string, onMessage: (from: string, message: Uint8Array) => void): Promise<Datagrams>;
}
