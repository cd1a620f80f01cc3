import type { ChannelEnd } from "@flotilla/runtime";

/** What the owner of a port hears, never from within `send`. */
export interface PortHandler<In> {
  message(message: In): void;
  /** The other side sent what is no message. */
  garbled(error: unknown): void;
  /** Called exactly once, after the last message. */
  end(end: ChannelEnd): void;
}

/**
 * One side of an ordered, loss-free and repeat-free stream of messages, until it ends: a channel of the network, or
 * a pair within the process.
 */
export interface Port<Out> {
  /** Bytes sent and not yet handed on; within the process about what the messages not yet heard keep alive. */
  readonly bufferedBytes: number;
  /** Grows as bytes come in, also while a message is not whole yet; absent where messages come in as a whole. */
  readonly receivedBytes?: number;
  /** `host:port` of the other side; absent within the process. */
  readonly remoteAddress?: string;
  /** Queues one message, which the caller must not change afterwards. Does nothing once the port ended. */
  send(message: Out): void;
  /** Sends what is queued, then ends. Idempotent. */
  close(reason?: string): void;
}
