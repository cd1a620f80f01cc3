import { FlotillaError } from "../errors.ts";
import type { Channel, DialOptions, Listener, ListenOptions, Network } from "../network.ts";
import { parseAddress } from "../address.ts";
import { bindDatagrams } from "./datagrams.ts";
import { Dialing } from "./dialing.ts";
import type { Life } from "./life.ts";
import type { OpenPort } from "./machine.ts";
import type { SimNetwork } from "./network.ts";
import { bindPort } from "./bind.ts";

function listen(
  network: SimNetwork,
  life: Life,
  options: ListenOptions,
  onChannel: (channel: Channel) => void,
): Promise<Listener> {
  const { listeners } = network.machine(life.node);
  const address = bindPort(network, life, options.address, listeners);
  const open: OpenPort = {
    life,
    address: address.text,
    options,
    onChannel,
    accepted: new Set(),
    unheard: new Set(),
    onHeard: undefined,
  };
  listeners.set(address.port, open);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (listeners.get(address.port) === open) listeners.delete(address.port);
    closing ??= closePort(open);
    return closing;
  };
  const listener: Listener = { address: address.text, close, [Symbol.asyncDispose]: close };
  return new Promise((resolve) => {
    life.deliverSoon("listen", address.text, 0, () => resolve(listener));
  });
}

/** Ends what was accepted, and resolves once every handler there is heard so. */
async function closePort(port: OpenPort): Promise<void> {
  for (const side of port.accepted) side.close("the listener closed");
  const isQuiet = (): boolean => ![...port.unheard].some(({ hasHandler }) => hasHandler);
  if (!isQuiet()) {
    await new Promise<void>((resolve) => {
      port.onHeard = () => {
        if (isQuiet()) resolve();
      };
    });
  }
  await new Promise<void>((resolve) => port.life.deliverSoon("listener.close", port.address, 0, resolve));
}

function dial(network: SimNetwork, life: Life, address: string, options: DialOptions): Promise<Channel> {
  if (options.signal?.aborted === true) throw options.signal.reason;
  const { host, port } = parseAddress(address);
  return new Promise((resolve, reject) => {
    const target = network.resolve(host);
    if (target !== undefined) {
      new Dialing({ network, life, target, port, address, options, resolve, reject }).start();
      return;
    }
    life.deliverSoon("dial.unknown", address, 0, () => {
      reject(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `the host of ${address} is unknown`));
    });
  });
}

/** The network as one process sees it. After its life nothing is sent and nothing settles. */
export function hostNetwork(network: SimNetwork, life: Life): Network {
  const never = new Promise<never>(() => {});
  return {
    listen: async (options, onChannel) => (life.alive ? listen(network, life, options, onChannel) : never),
    dial: async (address, options) => (life.alive ? dial(network, life, address, options) : never),
    datagrams: async (address, onMessage) =>
      life.alive ? bindDatagrams(network, life, address, onMessage) : never,
  };
}
