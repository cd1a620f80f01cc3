import { setImmediate as turn } from "node:timers/promises";
import type { LoadClient } from "../clients/client.ts";
import type { LockClient } from "../clients/lock.ts";
import type { SimpleOperation } from "./job.ts";

/** One operation, on the key of that number if it is about a key. */
export type Perform = (key: number) => Promise<void>;

/** Of operations that both read and write. */
const writeShare = 0.1;

function mixed(read: Perform, write: Perform): Perform {
  return (key) => (Math.random() < writeShare ? write(key) : read(key));
}

/** How a connection does what a workload asks for. */
export function performer(client: LoadClient, operation: SimpleOperation): Perform {
  const set: Perform = (key) => client.set(key);
  const get: Perform = (key) => client.get(key);
  const getLocal: Perform = (key) => client.getLocal(key);
  switch (operation) {
    case "set":
      return set;
    case "get":
      return get;
    case "ephemeral":
      return () => client.ephemeral();
    case "mixed":
      return mixed(get, set);
    case "mixedLocal":
      return mixed(getLocal, set);
    default:
      return getLocal;
  }
}

/**
 * Turns of those who want one lock, each held for a turn of the event loop.
 * @throws Error when two hold at once: a benchmark of no lock is none
 */
export function taker(holders: { count: number }, client: LockClient): Perform {
  return async () => {
    const release = await client.acquire();
    holders.count += 1;
    await turn();
    if (holders.count > 1) throw new Error("two hold one lock");
    holders.count -= 1;
    await release();
  };
}
