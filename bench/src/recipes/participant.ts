import { parentPort, workerData } from "node:worker_threads";
import { connect, functionDriver } from "@flotilla/coord";

/** What a thread takes part in until it is ended without a word. */
export interface Participation {
  readonly kind: "shards" | "keeper";
  readonly ports: readonly number[];
  readonly name: string;
  readonly count: number;
  /** Default: that of `connect`. */
  readonly sessionTtlMs?: number;
}

const participation: Participation = workerData;
const { kind, ports, name, count, ...options } = participation;
const coord = await connect({ endpoints: ports.map((port) => `127.0.0.1:${port}`), ...options });
// The launcher waits until it has its part.
const owned = (): void => parentPort?.postMessage("owns", []);
if (kind === "shards") {
  await coord.shards(name, { count }).run(owned);
} else {
  const driver = functionDriver(({ draining }) => {
    owned();
    return new Promise((resolve) => {
      draining.addEventListener("abort", () => resolve());
    });
  });
  await coord.keeper(name, { replicas: count, driver }).run();
}
