import type { Clock, ClientHost, LogMethod, Network, Random } from "@flotilla/runtime";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { simProber, simResolver } from "@flotilla/runtime/sim";

function nowhere(): Promise<never> {
  return Promise.reject(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "there is no network"));
}

const network: Network = { listen: nowhere, dial: nowhere, datagrams: nowhere };

/** Draws the same each time, for each name something else. */
function randomOf(name: string): Random {
  let state = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193);
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    u32,
    below: (limit) => u32() % limit,
    float: () => u32() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => u32() & 0xff),
  };
}

/** @param onError told what the process logs as an error */
export function hostOf(name: string, clock: Clock, onError: (text: string) => void): ClientHost {
  const error: LogMethod = ({ err }, message) => onError(`${name}: ${message}: ${String(err)}`);
  return {
    clock,
    random: randomOf(name),
    network,
    resolver: simResolver,
    prober: simProber,
    logger: { ...silentLogger, error },
    probe: () => {},
  };
}
