import type { Clock } from "@flotilla/runtime";
import { badArgument } from "../../client/bad-argument.ts";
import { isObject } from "../../given.ts";
import { listen } from "../bounded.ts";
import { pause } from "../pause.ts";
import type { Shard } from "../shards/api.ts";
import type { KeptWorker, RestartOptions, Slot, WorkerDriver } from "./api.ts";
import { Restarts } from "./restarts.ts";
import type { SlotReport } from "./slot-states.ts";
import { wordsOf } from "./words.ts";

export interface Supervision {
  readonly driver: WorkerDriver;
  readonly restarts: Required<RestartOptions>;
  readonly clock: Clock;
  readonly tell: (report: SlotReport) => void;
}

/** Keeps a worker running in a slot until it is to be handed over or is lost; no worker of its own runs then. */
export async function supervise(shard: Shard, { driver, restarts, clock, tell }: Supervision): Promise<void> {
  const slot = slotOf(shard);
  const policy = new Restarts(restarts);
  const isOver = (): boolean => shard.draining.aborted;
  for (let lastEnd: string | null = null; !isOver();) {
    const startedMs = clock.now();
    lastEnd = await runOnce(driver, slot, () => tell({ state: "running", restarts: policy.total, lastEnd }));
    if (isOver()) return;
    const waitMs = policy.next(clock.now(), clock.now() - startedMs);
    if (waitMs <= 0) continue;
    tell({ state: "backoff", restarts: policy.total - 1, lastEnd });
    await pause(clock, waitMs, shard.draining);
  }
}

function slotOf(shard: Shard): Slot {
  const { id, epoch, fence, signal, draining } = shard;
  return {
    index: id,
    epoch,
    fence,
    signal,
    draining,
    get expiresIn() {
      return shard.expiresIn;
    },
    assert: () => shard.assert(),
  };
}

/** How it ended. */
async function runOnce(driver: WorkerDriver, slot: Slot, onRunning: () => void): Promise<string> {
  let worker: KeptWorker;
  try {
    worker = driver(slot);
  } catch (error) {
    return `not started: ${wordsOf(error)}`;
  }
  requireWorker(worker);
  onRunning();
  const stopListening = [
    listen(slot.signal, () => askOf(() => worker.kill())),
    listen(slot.draining, () => askOf(() => worker.stop())),
  ];
  try {
    return await worker.ended;
  } finally {
    for (const stop of stopListening) stop();
  }
}

/**
 * What is none would count as ended while it runs, and be started beside itself.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
function requireWorker(worker: KeptWorker): void {
  if (isObject(worker) && isObject(worker.ended) && typeof worker.ended.then === "function") {
    if (typeof worker.stop === "function" && typeof worker.kill === "function") return;
  }
  throw badArgument(
    "driver: expected it to return { ended, stop, kill }, as that of functionDriver(fn) does",
  );
}

/** A driver that throws has asked for nothing: out of a listener, what it throws would end the process. */
function askOf(ask: () => unknown): void {
  new Promise((resolve) => {
    resolve(ask());
  }).catch(() => {});
}
