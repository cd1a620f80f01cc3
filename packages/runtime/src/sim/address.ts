import { FlotillaError } from "../errors.ts";

/** A `host:port` in parts. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Splits `host:port`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`
 */
export function parseHostPort(address: string): HostPort {
  const match = /^([A-Za-z0-9._-]{1,253}):(\d{1,5})$/u.exec(address);
  const port = Number(match?.[2]);
  const host = match?.[1];
  if (host === undefined || port > 65_535) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `"${address}" is not host:port`);
  }
  return { host, port };
}
