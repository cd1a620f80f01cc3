import { FlotillaError } from "./errors.ts";

/** The two parts of `host:port`. */
export interface Address {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65,535. */
  readonly port: number;
}

/** An IPv6 address is only told from other things here; whether it is well-formed, the system says. */
const shape = /^(?:\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]{1,44}(?:%[\w.-]{1,32})?)\]|([\w.-]{1,253})):(\d{1,5})$/;

/**
 * Reads `host:port`, with an IPv6 address in brackets: `[::1]:80`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`
 */
export function parseAddress(text: string): Address {
  const match = shape.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new FlotillaError(
      "ERR_FLOTILLA_BAD_ADDRESS",
      `not an address of the form host:port: ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return { host, port };
}

/** Writes `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
