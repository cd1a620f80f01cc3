import { startProcess, startThread } from "@flotilla/runtime/real/client";
import { requireFunction } from "../../client/bad-argument.ts";
import type { Slot, WorkerDriver } from "./api.ts";

/**
 * Workers that are calls of a function, in this process. Nothing can end one but itself: it has to return soon after
 * `draining` of its slot fires, and at once after `signal`.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function functionDriver(work: (slot: Slot) => Promise<void> | void): WorkerDriver {
  requireFunction(work);
  return (slot) => ({ ended: returned(work, slot), stop: () => {}, kill: () => {} });
}

export interface ProcessDriverOptions {
  /** Besides `FLOTILLA_SLOT`, `FLOTILLA_EPOCH` and `FLOTILLA_FENCE` (MZXID:PATH). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: that of this process. */
  readonly cwd?: string;
}

/**
 * Workers that are processes, each in a group of its own: SIGTERM asks the group to end, SIGKILL makes it. They are killed
 * when this process ends, also by a SIGINT, SIGTERM or SIGHUP that nobody listens to. A process that outlives this one,
 * which only SIGKILL or a crash can bring about, runs on without its slot.
 */
export function processDriver(
  command: readonly [string, ...string[]],
  { env, cwd }: ProcessDriverOptions,
): WorkerDriver {
  return ({ index, epoch, fence }) =>
    startProcess(command, {
      env: {
        ...env,
        FLOTILLA_SLOT: String(index),
        FLOTILLA_EPOCH: String(epoch),
        FLOTILLA_FENCE: `${fence.mzxid}:${fence.path}`,
      },
      ...(cwd === undefined ? {} : { cwd }),
    });
}

/**
 * Workers that are threads of this process. `workerData` is `{ slot: { index, epoch, fence }, data }`; the message
 * `"stop"` asks a thread to end, `terminate` makes it.
 */
export function threadDriver(file: string | URL, data: unknown = null): WorkerDriver {
  return ({ index, epoch, fence }) => startThread(file, { slot: { index, epoch, fence }, data });
}

async function returned(work: (slot: Slot) => Promise<void> | void, slot: Slot): Promise<string> {
  await work(slot);
  return "returned";
}
