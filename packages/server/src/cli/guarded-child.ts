import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Held } from "@flotilla/coord/client";
import { CommandError } from "./failure.ts";
import type { Context } from "./context.ts";

/** How a command ended. */
export type ChildEnd =
  | { readonly type: "ended"; readonly exitCode: number }
  /** What it ran under was lost, or about to be, before it had ended. */
  | { readonly type: "lost" };

/** When a command is asked to end, and when it is made to. */
export interface GuardTimes {
  /** Of the session, ms. */
  readonly ttlMs: number;
  /** From a SIGTERM that was asked for by a signal of our own to the SIGKILL, ms. */
  readonly graceMs: number;
}

/**
 * Shares of the TTL. The signal of what is held fires a fifth before the belief in it ends; the command is asked to end
 * another fifth earlier, so that it has that long, and none of it is left when somebody else may hold.
 */
const askAtShare = 0.4;

/**
 * Runs a command for as long as something is held, in a process group of its own, with `FLOTILLA_EPOCH` and
 * `FLOTILLA_FENCE` in its environment. The group gets SIGTERM when renewals stay out for too long or `stop` fires, and
 * SIGKILL once it is lost, `graceMs` after the stop, and when the command has ended.
 * @throws CommandError when the command cannot be started
 */
export async function runGuarded(
  context: Context,
  command: readonly [string, ...string[]],
  held: Held,
  times: GuardTimes,
): Promise<ChildEnd> {
  const { stop, env } = context;
  const [file, ...args] = command;
  const child = spawn(file, args, {
    detached: true,
    stdio: "inherit",
    env: { ...env, FLOTILLA_EPOCH: String(held.epoch), FLOTILLA_FENCE: fenceText(held) },
  });
  const ended = endOf(child, file);
  const group = new Group(child);
  let timer: NodeJS.Timeout | undefined;
  const state = { isLost: false };
  const askInTime = (): void => {
    const leftMs = held.expiresIn - times.ttlMs * askAtShare;
    if (leftMs > 0) {
      timer = setTimeout(askInTime, leftMs);
    } else {
      state.isLost = true;
      group.send("SIGTERM");
    }
  };
  const onStop = (): void => {
    clearTimeout(timer);
    group.send("SIGTERM");
    timer = setTimeout(kill, times.graceMs);
  };
  const kill = (): void => group.send("SIGKILL");
  const onLost = (): void => {
    state.isLost = true;
    kill();
  };
  process.once("exit", kill);
  stop.addEventListener("abort", onStop, { once: true });
  held.signal.addEventListener("abort", onLost, { once: true });
  try {
    if (held.signal.aborted) onLost();
    else if (stop.aborted) onStop();
    else askInTime();
    const exitCode = await ended;
    // What it left running is not to go on without what is held.
    kill();
    return state.isLost ? { type: "lost" } : { type: "ended", exitCode };
  } finally {
    clearTimeout(timer);
    process.removeListener("exit", kill);
    stop.removeEventListener("abort", onStop);
    held.signal.removeEventListener("abort", onLost);
  }
}

/** As `--fence` takes it. */
function fenceText({ fence: { path, mzxid } }: Held): string {
  return `${mzxid}:${path}`;
}

/** The process and whatever it started that did not leave its group. */
class Group {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  send(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nobody is left in it.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

/** As shells tell it: the code, or 128 and the number of the signal. */
function endOf(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const hint = "Give the command after --, as its name or path and its arguments.";
      reject(
        new CommandError("ERR_FLOTILLA_BAD_ARGUMENT", `cannot run ${file}: ${cause.message}`, hint, {
          cause,
        }),
      );
    });
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
