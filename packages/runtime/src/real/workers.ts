import { Worker } from "node:worker_threads";
import { wordsOf } from "./error-like.ts";
import { ProcessGroup, type ProcessGroupOptions } from "./process-group.ts";

/** Something that runs besides this thread. */
export interface StartedWorker {
  /** Resolves once it runs no more, with how it ended, in words. Never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to end. */
  stop(): void;
  /** Makes it end. */
  kill(): void;
}

/** A process in a group of its own: SIGTERM asks the group to end, SIGKILL makes it. */
export function startProcess(
  command: readonly [string, ...string[]],
  options: ProcessGroupOptions,
): StartedWorker {
  const group = new ProcessGroup(command, options);
  return {
    ended: group.ended.then(
      ({ code, signal }) => (signal === null ? `ended with code ${code ?? 0}` : `ended by ${signal}`),
      (error: unknown) => `not started: ${wordsOf(error)}`,
    ),
    stop: () => group.send("SIGTERM"),
    kill: () => group.send("SIGKILL"),
  };
}

/** A thread: the message "stop" asks it to end. */
export function startThread(file: string | URL, workerData: unknown): StartedWorker {
  const thread = new Worker(file, { workerData });
  let fault: unknown;
  thread.once("error", (error) => {
    fault = error;
  });
  return {
    ended: new Promise((resolve) => {
      thread.once("exit", (code) => {
        resolve(fault === undefined ? `ended with code ${code}` : `threw: ${wordsOf(fault)}`);
      });
    }),
    stop: () => thread.postMessage("stop", []),
    kill: () => void thread.terminate(),
  };
}
