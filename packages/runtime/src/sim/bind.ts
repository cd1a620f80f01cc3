import { FlotillaError } from "../errors.ts";
import { parseAddress } from "../address.ts";
import type { Life } from "./life.ts";
import type { Machine } from "./machine.ts";
import type { SimNetwork } from "./network.ts";

function freePort(machine: Machine, used: ReadonlyMap<number, unknown>): number {
  for (;;) {
    const port = machine.nextPort;
    machine.nextPort = port === 65_535 ? 49_152 : port + 1;
    if (!used.has(port)) return port;
  }
}

/**
 * Finds the port for an address of the process's own machine; 0 picks a free one.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_ADDRESS_IN_USE`
 */
export function bindPort(
  network: SimNetwork,
  life: Life,
  address: string,
  used: ReadonlyMap<number, unknown>,
): { readonly port: number; readonly text: string } {
  const { host, port: wanted } = parseAddress(address);
  const machine = network.machine(life.node);
  if (network.resolve(host) !== machine) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `${address} is no address of ${life.node}`);
  }
  const port = wanted === 0 ? freePort(machine, used) : wanted;
  if (used.has(port)) throw new FlotillaError("ERR_FLOTILLA_ADDRESS_IN_USE", `${address} is in use`);
  return { port, text: `${host}:${port}` };
}
