// A worker. Number 0 has a bug: it dies after a while, and is started anew, ever later.
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

const { index, epoch } = workerData.slot;
const stop = new AbortController();
parentPort.once("message", () => stop.abort()); // it is asked to end

console.log(`worker ${index} begins with epoch ${epoch}`);
await sleep(index === 0 ? 300 : 3_600_000, undefined, { signal: stop.signal }).catch(() => {});
if (index === 0 && !stop.signal.aborted) throw new Error("a bug");
