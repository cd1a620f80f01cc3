import type { ClientHost } from "@flotilla/runtime";
import { FlotillaError, silentLogger } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";

/** The real outside for a client that must not leave one server, although it learns of the others. */
export function pinnedHost(address: string): ClientHost {
  const host = realClientHost({ logger: silentLogger });
  return {
    ...host,
    network: {
      ...host.network,
      dial: async (target, options) => {
        if (target === address) return host.network.dial(target, options);
        throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `${target} is not ${address}`);
      },
    },
  };
}
