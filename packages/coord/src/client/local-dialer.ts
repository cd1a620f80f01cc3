import type { LocalPort } from "../ports/local-port.ts";
import type { ClientMessage, ServerMessage } from "../wire/messages.ts";
import type { Dialer, LocalReader } from "./dialer.ts";

/**
 * Reaches the server within the same process, without a handshake.
 * @param open makes a pair whose other side the server has taken
 */
export function localDialer(
  open: () => { readonly port: LocalPort<ClientMessage, ServerMessage>; readonly reader: LocalReader },
): Dialer {
  return {
    choices: 1,
    dial: async (onReady) => {
      const { port, reader } = open();
      port.handle(onReady(port, reader));
    },
    learn: () => {},
  };
}
