import type { Address } from "./address.ts";

export interface LookupOptions {
  /** Name servers to ask, `ip` or `ip:port`. Default: as the system is set up. */
  readonly servers?: readonly string[];
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/** Tells where things are: names, services, and what somebody wrote down. Nothing is kept from one call to the next. */
export interface Resolver {
  /**
   * The addresses of a host, IPv4 and IPv6. Without `servers` as the system resolves names, its own file of hosts and
   * search domains included.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_BAD_ARGUMENT` for servers that are none, or
   * `signal.reason`
   */
  addresses(host: string, options: LookupOptions): Promise<readonly string[]>;
  /**
   * The targets of an SRV record, by its full name. Their priorities and weights are left aside.
   * @throws FlotillaError as `addresses`
   */
  services(name: string, options: LookupOptions): Promise<readonly Address[]>;
  /**
   * The text of a file.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_TOO_LARGE` above `maxBytes`, or `signal.reason`
   */
  text(path: string, options: { readonly maxBytes: number; readonly signal: AbortSignal }): Promise<string>;
}
