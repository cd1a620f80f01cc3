import { connect as connectTcp } from "node:net";
import { parseAddress } from "@flotilla/runtime";

/** Says bytes on a plain TCP connection; what came back once the server has closed it, or once it is `enough`. */
export async function shout(
  address: string,
  bytes: Uint8Array | string,
  enough: (heard: string) => boolean = () => false,
): Promise<string> {
  const socket = connectTcp(parseAddress(address));
  return new Promise((resolve) => {
    let heard = "";
    socket.on("data", (data) => {
      heard += data.toString("latin1");
      if (enough(heard)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(heard));
    socket.write(bytes);
  });
}

/** The request by which a web socket begins. */
export function upgradeRequest(address: string, protocol: string): string {
  return [
    "GET / HTTP/1.1",
    `Host: ${address}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    `Sec-WebSocket-Protocol: ${protocol}`,
    "",
    "",
  ].join("\r\n");
}

/** A frame of RFC 6455 with a mask of zeroes. `claimed`: the length in its head, when that is a lie. */
export function webSocketFrame(
  opcode: number,
  payload: Uint8Array,
  claimed: number = payload.length,
): Uint8Array {
  const head = new Uint8Array(14);
  const view = new DataView(head.buffer);
  view.setUint8(0, 0x80 | opcode);
  view.setUint8(1, 0x80 | 127);
  view.setBigUint64(2, BigInt(claimed));
  return Buffer.concat([head, payload]);
}
