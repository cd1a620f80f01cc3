import type { Discovery } from "@flotilla/coord/client";
import { dnsEndpoints, fileEndpoints, srvEndpoints } from "@flotilla/coord/client";
import { parseAddress } from "@flotilla/runtime";
import { readAddresses } from "./readers.ts";

const kinds: Readonly<Record<string, (rest: string) => Discovery>> = {
  dns: (rest) => {
    const { host, port } = parseAddress(rest);
    return dnsEndpoints(host, port);
  },
  srv: srvEndpoints,
  file: fileEndpoints,
};

/**
 * `host:port,host:port`; or one of `dns:name:port`, `srv:name` and `file:path`, which are looked up.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`, `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function readEndpoints(value: string, where: string): readonly string[] | Discovery {
  const [, kind = "", rest = ""] = /^(dns|srv|file):(.+)$/.exec(value.trim()) ?? [];
  // A host may have such a name.
  const isPort = /^\d+$/.test(rest);
  const discovery = isPort ? undefined : kinds[kind];
  return discovery === undefined ? readAddresses(value, where) : discovery(rest);
}
