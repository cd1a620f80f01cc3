import type { Channel } from "@flotilla/runtime";
import type { Dialer } from "./dialer.ts";

/**
 * Reaches the server within the same process, without a handshake.
 * @param open makes a channel whose other side the server has taken
 */
export function localDialer(open: () => Channel): Dialer {
  return {
    choices: 1,
    dial: async (onReady) => {
      const channel = open();
      channel.handle(onReady(channel));
    },
    learn: () => {},
  };
}
