import type { LoadClient } from "../src/clients/client.ts";

function never(): Promise<void> {
  return Promise.reject(new Error("not of this workload"));
}

/** A connection that can only do what is given. */
export function loadClient(can: Partial<LoadClient>): LoadClient {
  return {
    create: never,
    createAll: never,
    set: never,
    get: never,
    getLocal: never,
    ephemeral: never,
    close: async () => {},
    ...can,
  };
}
