import dns from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import { isIP } from "node:net";

/** Of one name; whoever comes beyond is told that it failed. */
const maxWaiting = 1_000;

type Answer = (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void;
type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Those who wait for the answer that is under way, by question. */
const waiting = new Map<string, Answer[]>();

function busy(host: string): Error {
  return Object.assign(new Error(`too many wait for the address of ${host}`), { code: "EAI_AGAIN" });
}

function ask(host: string, options: LookupOptions, answer: Answer): void {
  const { family, hints, order } = options;
  const question = JSON.stringify([host, family, hints, order]);
  const others = waiting.get(question);
  if (others !== undefined) {
    if (others.length < maxWaiting) others.push(answer);
    else process.nextTick(answer, busy(host), []);
    return;
  }
  const all = [answer];
  dns.lookup(host, { ...options, all: true }, (error, found) => {
    waiting.delete(question);
    for (const each of all) each(error, found);
  });
  waiting.set(question, all);
}

/**
 * Looks a name up as the system does, once at a time for all who ask: a lookup whose name server hangs cannot be called
 * off, and keeps one of the few threads that the lookups of all names have, and share with the disk.
 */
export function lookupOnce(host: string, given: LookupOptions | number, callback: Callback): void {
  const options = typeof given === "number" ? { family: given } : given;
  if (isIP(host) !== 0) {
    dns.lookup(host, options, callback);
    return;
  }
  ask(host, options, (error, found) => {
    const [first] = error === null ? found : [];
    if (first === undefined) callback(error ?? busy(host), "");
    else if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
}

/** The same for sockets that take one address and say so by the number of its kind. */
export function lookupOne(
  host: string,
  options: LookupOptions | number,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  lookupOnce(host, options, (error, found, family = 0) =>
    callback(error, typeof found === "string" ? found : "", family),
  );
}

/** All addresses of a name. Rejects with the system's error. */
export function lookupAll(host: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookupOnce(host, { all: true }, (error, found) => {
      if (error === null && typeof found !== "string") resolve(found.map(({ address }) => address));
      else reject(error ?? busy(host));
    });
  });
}
