import { crc32 } from "node:zlib";
import { FlotillaError } from "../errors.ts";
import type { Datagrams } from "../network.ts";
import type { Address } from "../address.ts";
import { parseAddress } from "../address.ts";
import { bindPort } from "./bind.ts";
import type { Life } from "./life.ts";
import type { SimLink } from "./link.ts";
import type { DatagramPort, Machine } from "./machine.ts";
import type { SimNetwork } from "./network.ts";

const maxDatagramBytes = 1200;

interface Flight {
  readonly network: SimNetwork;
  readonly link: SimLink;
  readonly target: Machine;
  readonly port: number;
  readonly from: string;
  readonly message: Uint8Array;
}

function fly({ network, link, target, port, from, message }: Flight, extraUs: number): void {
  const atUs = link.arrivalUs(message.length) + extraUs;
  network.scheduler.schedule(atUs, "datagram", target.name, from, message.length, () => {
    const open = target.datagrams.get(port);
    if (link.isCut || !target.powered || open === undefined) return;
    open.life.deliver("datagram", from, message.length, () => {
      if (target.datagrams.get(port) === open) open.onMessage(from, new Uint8Array(message));
    });
  });
}

function send(network: SimNetwork, open: DatagramPort, to: string, message: Uint8Array): void {
  if (message.length > maxDatagramBytes) {
    throw new FlotillaError(
      "ERR_FLOTILLA_TOO_LARGE",
      `a datagram holds at most ${maxDatagramBytes} bytes, got ${message.length}`,
    );
  }
  const { life } = open;
  const port = portOf(to);
  const target = port === undefined ? undefined : network.resolve(port.host);
  if (!isAlive(life) || port === undefined || target === undefined) return;
  network.scheduler.hash.word(crc32(message));
  network.observe({ from: life.node, to: target.name, protocol: "datagram", frame: message });
  if (!isAlive(life)) return;
  const link = network.link(life.node, target.name);
  const copy = new Uint8Array(message);
  const flight: Flight = { network, link, target, port: port.port, from: open.address, message: copy };
  const faults = link.datagrams;
  if (link.isCut || link.random.chance(faults.drop)) return;
  if (link.random.chance(faults.repeat)) fly(flight, link.delayUs());
  fly(flight, link.random.chance(faults.reorder) ? link.delayUs() * 4 : 0);
}

/** Asked anew after an observer, which may have ended it. */
function isAlive(life: Life): boolean {
  return life.alive;
}

function portOf(address: string): Address | undefined {
  try {
    return parseAddress(address);
  } catch {
    return undefined;
  }
}

/** Binds a datagram port of the process's own machine. */
export function bindDatagrams(
  network: SimNetwork,
  life: Life,
  address: string,
  onMessage: (from: string, message: Uint8Array) => void,
): Promise<Datagrams> {
  const { datagrams } = network.machine(life.node);
  const bound = bindPort(network, life, address, datagrams);
  const open: DatagramPort = { life, address: bound.text, onMessage };
  datagrams.set(bound.port, open);
  const isBound = (): boolean => datagrams.get(bound.port) === open;
  const close = (): Promise<void> => {
    if (isBound()) datagrams.delete(bound.port);
    return new Promise((resolve) => life.deliverSoon("datagrams.close", bound.text, 0, resolve));
  };
  const result: Datagrams = {
    address: bound.text,
    send: (to, message) => {
      if (isBound()) send(network, open, to, message);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return new Promise((resolve) => life.deliverSoon("datagrams", bound.text, 0, () => resolve(result)));
}
