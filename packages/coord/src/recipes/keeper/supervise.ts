import type { Clock } from "@flotilla/runtime";
import { badArgument } from "../../client/bad-argument.ts";
import { isObject } from "../../given.ts";
import { listen } from "../bounded.ts";
import { pause } from "../pause.ts";
import type { Shard } from "../shards/api.ts";
import type { KeeperOptions, KeptWorker, RestartOptions, Slot, WorkerDriver } from "./api.ts";
import { Restarts } from "./restarts.ts";
import type { SlotReport } from "./slot-states.ts";
import { wordsOf } from "./words.ts";

export interface Supervision {
  readonly driver: WorkerDriver;
  readonly onError: NonNullable<KeeperOptions["onError"]>;
  readonly restarts: Required<RestartOptions>;
  readonly clock: Clock;
  readonly tell: (report: SlotReport) => void;
}

/** Keeps a worker running in a slot until it is to be handed over or is lost; no worker of its own runs then. */
export async function supervise(shard: Shard, supervision: Supervision): Promise<void> {
  const { restarts, clock, tell } = supervision;
  const slot = slotOf(shard);
  const policy = new Restarts(restarts);
  const isOver = (): boolean => shard.draining.aborted;
  for (let lastEnd: string | null = null; !isOver();) {
    const startedMs = clock.now();
    const onRunning = (): void => tell({ state: "running", restarts: policy.total, lastEnd });
    lastEnd = await runOnce(supervision, slot, onRunning);
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
async function runOnce({ driver, onError }: Supervision, slot: Slot, onRunning: () => void): Promise<string> {
  let worker: KeptWorker;
  try {
    worker = driver(slot);
  } catch (error) {
    await onError(error, slot);
    return `not started: ${wordsOf(error)}`;
  }
  requireWorker(worker);
  onRunning();
  const told: Promise<unknown>[] = [];
  const tell = (error: unknown): void => void told.push(begun(() => onError(error, slot)));
  const stopListening = [
    listen(slot.signal, () => ask(() => worker.kill(), tell)),
    listen(slot.draining, () => ask(() => worker.stop(), tell)),
  ];
  try {
    return await worker.ended;
  } catch (error) {
    await onError(error, slot);
    return `threw: ${wordsOf(error)}`;
  } finally {
    for (const stop of stopListening) stop();
    await Promise.all(told);
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
  // Nobody else waits for what a promise of one comes to.
  for (const each of [worker, isObject(worker) ? worker.ended : null]) void begun(() => each);
  throw badArgument(
    "driver: expected it to return { ended, stop, kill }, as that of functionDriver(fn) does",
  );
}

/** What it throws is told in this turn, so that the end of the worker comes after it. */
function ask(how: () => unknown, tell: (error: unknown) => void): void {
  try {
    const asked = how();
    void begun(() => asked).catch(tell);
  } catch (error) {
    tell(error);
  }
}

/** Called now; what it throws or rejects with is kept for whoever waits: out of a listener, it would end the process. */
function begun(call: () => unknown): Promise<unknown> {
  const result = new Promise((resolve) => {
    resolve(call());
  });
  result.catch(() => {});
  return result;
}
