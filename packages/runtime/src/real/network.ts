import type { Network } from "../network.ts";
import { bindUdp } from "./datagrams.ts";
import { dialWs } from "./ws-dial.ts";
import { listenWs } from "./ws-listen.ts";

/**
 * Channels over web sockets, datagrams over UDP. The channel's protocol is the web socket's
 * subprotocol. `dial` also rejects with `ERR_FLOTILLA_BAD_ADDRESS` when the text is no address.
 */
export function realNetwork(): Network {
  return Object.freeze({ listen: listenWs, dial: dialWs, datagrams: bindUdp });
}
