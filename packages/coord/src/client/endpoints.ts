import type { ClientHost } from "@flotilla/runtime";
import { FlotillaError, parseAddress } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import type { CallOptions } from "./read-api.ts";
import { callLimits, PlainWait } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import { type Discovery, type EndpointSource, requireList } from "./discovery.ts";

/** Endpoints kept of what a discovery finds. */
const maxFound = 256;

/** The servers that were given or found, as of the latest look. */
export class Endpoints {
  readonly #host: Pick<ClientHost, "clock" | "resolver" | "logger">;
  readonly #discovery: Discovery | null;
  #known: readonly string[];
  #hasFailed = false;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT` */
  constructor(source: EndpointSource, host: Pick<ClientHost, "clock" | "resolver" | "logger">) {
    requireEndpoints(source);
    this.#host = host;
    this.#discovery = isList(source) ? null : source;
    this.#known = isList(source) ? [...new Set(source)] : [];
  }

  get known(): readonly string[] {
    return this.#known;
  }

  /**
   * Looks anew; what was known stays when that fails.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` when nothing is known, `ERR_FLOTILLA_ABORTED`
   */
  async look(limits: Required<CallOptions>): Promise<readonly string[]> {
    if (this.#discovery === null) return this.#known;
    try {
      this.#known = dialable(await this.#ask(this.#discovery, limits));
      this.#hasFailed = false;
    } catch (cause) {
      if (limits.signal.aborted) throw cause;
      if (this.#known.length === 0)
        throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `no server was found: ${reasonOf(cause)}`, {
          cause,
        });
      if (!this.#hasFailed)
        this.#host.logger.warn({ err: cause }, "no server was found; those known are dialed");
      this.#hasFailed = true;
    }
    return this.#known;
  }

  async #ask(discovery: Discovery, limits: Required<CallOptions>): Promise<unknown> {
    const deadlines = new Deadlines(this.#host.clock);
    const over = new AbortController();
    const wait = new PlainWait<unknown>(deadlines, callLimits(limits, limits.timeoutMs), "discovery");
    const run = async (): Promise<unknown> => discovery.resolve(over.signal, this.#host.resolver);
    run().then(
      (found) => wait.resolve(found),
      (error: unknown) => wait.reject(error instanceof Error ? error : new Error(String(error))),
    );
    try {
      return await wait.promise;
    } catch (error) {
      over.abort(error);
      throw error;
    } finally {
      deadlines.stop();
    }
  }
}

/** @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` when nothing in it can be dialed */
function dialable(found: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(found) ? found : [];
  const endpoints = items.filter((item): item is string => typeof item === "string" && isDialable(item));
  if (endpoints.length === 0)
    throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `none of ${items.length} entries is a host:port`);
  return [...new Set(endpoints)].slice(0, maxFound);
}

/** A caller without types may hand over anything. @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireEndpoints(source: EndpointSource): void {
  if (!isList(source)) {
    if (isObject(source) && typeof source.resolve === "function") return;
    throw new FlotillaError(
      "ERR_FLOTILLA_BAD_ARGUMENT",
      "endpoints: expected a list of host:port, or a discovery",
    );
  }
  requireList(source);
}

export function isDialable(endpoint: string): boolean {
  try {
    return parseAddress(endpoint).port > 0;
  } catch {
    return false;
  }
}

function isList(source: EndpointSource): source is readonly string[] {
  return Array.isArray(source);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
