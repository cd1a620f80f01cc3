import type { ClientHost, Logger } from "@flotilla/runtime";
import type { EndpointSource } from "./discovery.ts";
import type { Credential } from "../wire/messages.ts";

export interface SessionOptions {
  /** Default 10,000; 500 … 120,000. */
  readonly sessionTtlMs?: number;
  /** Longest stall of the event loop that the lease's signal still covers. Default TTL / 5. */
  readonly maxStallMs?: number;
  /** Default bound of every call. Default 15,000. */
  readonly timeoutMs?: number;
  /** Names and passwords to be known by to access lists; at most 8. They travel as they are: use a link to trust. */
  readonly auth?: readonly Credential[];
}

export interface ConnectOptions extends SessionOptions {
  /** `host:port` of any servers, or where to find such; tried in random order. */
  readonly endpoints: EndpointSource;
  /** Name of the cluster. Default `flotilla`. */
  readonly cluster?: string;
  /** Shared secret. */
  readonly secret?: Uint8Array | string | undefined;
  /** See everything from below this path, as `Coord.namespace` does. Default: the whole tree. */
  readonly namespace?: string;
  /** Default: warnings as JSON lines on standard error. */
  readonly logger?: Logger;
  /** Bounds the first connect. Default 15,000: then `ERR_FLOTILLA_UNREACHABLE` or `ERR_FLOTILLA_NO_QUORUM`. */
  readonly connectTimeoutMs?: number;
  /** Ends the connecting; what was connected is ended by its `close`. */
  readonly signal?: AbortSignal;
  /** What to stand on; the real one by default. */
  readonly host?: ClientHost;
}
