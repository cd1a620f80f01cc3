import type { AddressInfo } from "node:net";
import { formatAddress } from "../address.ts";
import { FlotillaError } from "../errors.ts";

/** The error of a failed bind, for people who chose the address. */
export function bindError(address: string, cause: NodeJS.ErrnoException): FlotillaError {
  if (cause.code === "EADDRINUSE") {
    return new FlotillaError("ERR_FLOTILLA_ADDRESS_IN_USE", `${address} is in use`, { cause });
  }
  return new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `cannot listen on ${address}: ${cause.message}`, {
    cause,
  });
}

/** `host:port` of a bound socket. */
export function boundAddress(info: AddressInfo | string | null): string {
  if (info === null || typeof info === "string") return info ?? "";
  return formatAddress({ host: info.address, port: info.port });
}
