import type { Resolver } from "@flotilla/runtime";
import { FlotillaError, formatAddress, parseAddress } from "@flotilla/runtime";
import { badArgument, requireObject } from "./bad-argument.ts";

/** Finds the servers of a cluster. */
export interface Discovery {
  /**
   * `host:port` of the servers there are now; asked before each dial. While it fails, or finds none, those found last
   * are dialed. At most 256 count, and what is no address does not.
   * @param signal fires when it took too long, or nobody wants to know any more
   * @param resolver the way to names and files that the client was given
   */
  resolve(signal: AbortSignal, resolver: Resolver): Promise<readonly string[]>;
}

/** `host:port` of servers, or what finds them. */
export type EndpointSource = readonly string[] | Discovery;

export interface NameServers {
  /** Name servers to ask, `ip` or `ip:port`. Default: as the system is set up. */
  readonly servers?: readonly string[];
}

const maxFileBytes = 65_536;
const maxNameLength = 253;

/**
 * A caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireList(endpoints: readonly unknown[]): void {
  if (!Array.isArray(endpoints)) throw badArgument("endpoints: expected a list of host:port");
  if (endpoints.length === 0) throw badArgument("endpoints: expected at least one");
  for (const endpoint of endpoints) {
    if (typeof endpoint !== "string") throw badArgument("endpoints: expected a list of host:port");
    if (parseAddress(endpoint).port === 0)
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_ADDRESS",
        `endpoints: nobody is reached at port 0: ${endpoint}`,
      );
  }
}

/**
 * Always these: the same as the list itself, for where a discovery is asked for.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_BAD_ADDRESS`
 */
export function staticEndpoints(endpoints: readonly string[]): Discovery {
  requireList(endpoints);
  const fixed = [...endpoints];
  return { resolve: () => Promise.resolve(fixed) };
}

/**
 * All addresses of one name, IPv4 and IPv6, at one port: a headless service, a round-robin name.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_BAD_ADDRESS`
 */
export function dnsEndpoints(name: string, port: number, options: NameServers = {}): Discovery {
  if (typeof name !== "string") throw badArgument("name: expected a text");
  if (!Number.isInteger(port) || port < 1) throw badArgument("port: expected an integer from 1 to 65535");
  parseAddress(formatAddress({ host: name, port }));
  const asked = checked(options);
  return {
    resolve: async (signal, resolver) => {
      const found = await resolver.addresses(name, { ...asked, signal });
      return found.map((host) => formatAddress({ host, port }));
    },
  };
}

/**
 * The targets of an SRV record, `_flotilla._tcp.example.org`. All count the same, whatever their priority and weight.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function srvEndpoints(name: string, options: NameServers = {}): Discovery {
  if (typeof name !== "string" || name === "" || name.length > maxNameLength)
    throw badArgument(`name: expected 1 to ${maxNameLength} characters`);
  const asked = checked(options);
  return {
    resolve: async (signal, resolver) => {
      const found = await resolver.services(name, { ...asked, signal });
      return found.map((target) => formatAddress(target));
    },
  };
}

/**
 * What a file says: `host:port` one a line, or with blanks or commas between; the rest of a line behind `#` is a
 * remark. At most 64 KiB. Replace it by a rename to never have it read half-written.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function fileEndpoints(path: string): Discovery {
  if (typeof path !== "string" || path === "" || path.includes("\u0000"))
    throw badArgument("path: expected the name of a file");
  return {
    resolve: async (signal, resolver) => {
      const text = await resolver.text(path, { maxBytes: maxFileBytes, signal });
      return text
        .replaceAll(/#.*$/gmu, "")
        .split(/[\s,]+/u)
        .filter((endpoint) => endpoint !== "");
    },
  };
}

function checked(options: NameServers): NameServers {
  const { servers } = requireObject(options);
  if (servers === undefined) return {};
  if (!Array.isArray(servers) || servers.length === 0)
    throw badArgument("servers: expected ip or ip:port of name servers");
  return { servers: [...servers] };
}
