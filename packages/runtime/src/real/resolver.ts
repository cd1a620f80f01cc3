import { Resolver as NameResolver } from "node:dns/promises";
import { open } from "node:fs/promises";
import type { Address } from "../address.ts";
import { FlotillaError } from "../errors.ts";
import type { LookupOptions, Resolver } from "../resolver.ts";
import { wordsOf } from "./error-like.ts";
import { lookupAll } from "./lookup.ts";
import { OneAtATime } from "./one-at-a-time.ts";

/** One try of one name server, ms; whoever asks bounds them all by a signal. */
const tryMs = 1_000;

function unknown(what: string, cause: unknown): FlotillaError {
  const message = `cannot resolve ${what}: ${wordsOf(cause)}`;
  return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", message, { cause });
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function nameResolver(servers: readonly string[] | undefined): NameResolver {
  const resolver = new NameResolver({ timeout: tryMs, tries: 2 });
  try {
    if (servers !== undefined) resolver.setServers(servers);
  } catch (cause) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "servers: expected ip or ip:port", { cause });
  }
  return resolver;
}

/** Settles like `work`, or rejects with the reason of the signal; then `cancel` is called. */
function orAborted<T>(signal: AbortSignal, cancel: () => void, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      reject(signal.reason);
      cancel();
    };
    signal.addEventListener("abort", abort, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A host may have addresses of one kind only. */
async function bothKinds(resolver: NameResolver, host: string): Promise<readonly string[]> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [four, six].flatMap((kind) => (kind.status === "fulfilled" ? kind.value : []));
  if (found.length === 0 && four.status === "rejected") throw unknown(host, four.reason);
  return found;
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  try {
    return await lookupAll(host);
  } catch (cause) {
    throw unknown(host, cause);
  }
}

async function addresses(host: string, { servers, signal }: LookupOptions): Promise<readonly string[]> {
  if (servers === undefined)
    return orAborted(
      signal,
      () => {},
      () => systemAddresses(host),
    );
  const resolver = nameResolver(servers);
  return orAborted(
    signal,
    () => resolver.cancel(),
    () => bothKinds(resolver, host),
  );
}

async function services(name: string, { servers, signal }: LookupOptions): Promise<readonly Address[]> {
  const resolver = nameResolver(servers);
  return orAborted(
    signal,
    () => resolver.cancel(),
    async () => {
      try {
        const records = await resolver.resolveSrv(name);
        // The root as a target says that there is decidedly no such service.
        return records.flatMap(({ name: host, port }) =>
          host === "" || host === "." ? [] : [{ host, port }],
        );
      } catch (cause) {
        throw unknown(name, cause);
      }
    },
  );
}

/**
 * One file at a time: a read that hangs, as over a network, cannot be called off, and keeps one of the few threads that
 * the disk needs too.
 */
const reading = new OneAtATime();

async function readBounded(path: string, maxBytes: number): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readUpTo(path, maxBytes + 1);
  } catch (cause) {
    throw unknown(path, cause);
  }
  if (bytes.length > maxBytes)
    throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `${path} has more than ${maxBytes} bytes`);
  return new TextDecoder().decode(bytes);
}

async function readUpTo(path: string, most: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = new Uint8Array(most);
    let length = 0;
    while (length < most) {
      const { bytesRead } = await file.read(buffer, length, most - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Asks name servers and the file system. */
export function realResolver(): Resolver {
  return {
    addresses,
    services,
    text: (path, { maxBytes, signal }) =>
      orAborted(
        signal,
        () => {},
        () => reading.run(signal, () => readBounded(path, maxBytes)),
      ),
  };
}
