import type { AddressInfo } from "node:net";
import { formatAddress } from "../address.ts";
import { FlotillaError } from "../errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not, as is usual for ports below 1024",
  EADDRNOTAVAIL: "it is no address of this machine",
};

/** The error of a failed bind, for people who chose the address. */
export function bindError(address: string, cause: NodeJS.ErrnoException): FlotillaError {
  if (cause.code === "EADDRINUSE") {
    return new FlotillaError("ERR_FLOTILLA_ADDRESS_IN_USE", `${address} is in use`, { cause });
  }
  const why = reasons[cause.code ?? ""] ?? cause.message;
  return new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `cannot listen on ${address}: ${why}`, { cause });
}

/** `host:port` of a bound socket. */
export function boundAddress(info: AddressInfo | string | null): string {
  if (info === null || typeof info === "string") return info ?? "";
  return formatAddress({ host: info.address, port: info.port });
}
