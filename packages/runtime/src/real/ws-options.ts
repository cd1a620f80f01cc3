import { closeTimeoutMs } from "../close-timeout.ts";

/** What both sides set on their sockets. No compression: frames are small or packed, and it costs turns. */
export const sharedOptions: {
  readonly perMessageDeflate: false;
  readonly autoPong: false;
  readonly closeTimeout: number;
} = {
  perMessageDeflate: false,
  /** Nothing here pings, and an answer to a flood of pings is a queue without bound. */
  autoPong: false,
  /** Patience with the other side after `close`. */
  closeTimeout: closeTimeoutMs,
};
