import type { Network } from "../network.ts";
import { bindUdp } from "./datagrams.ts";
import { dialWs } from "./ws-dial.ts";

/** Loaded by those who listen: clients do not. */
const listen: Network["listen"] = async (options, onChannel) => {
  const { listenWs } = await import("./ws-listen.ts");
  return listenWs(options, onChannel);
};

/**
 * Channels over web sockets, datagrams over UDP. The channel's protocol is the web socket's
 * subprotocol. `dial` also rejects with `ERR_FLOTILLA_BAD_ADDRESS` when the text is no address.
 */
export function realNetwork(): Network {
  return Object.freeze({ listen, dial: dialWs, datagrams: bindUdp });
}
