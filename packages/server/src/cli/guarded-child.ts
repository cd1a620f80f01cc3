import { constants } from "node:os";
import type { Held } from "@flotilla/coord/client";
import type { Timer } from "@flotilla/runtime";
import { ProcessGroup, realClock } from "@flotilla/runtime/real/client";
import { CommandError } from "./failure.ts";
import type { Context } from "./context.ts";

/** How a command ended. */
export type ChildEnd =
  | { readonly type: "ended"; readonly exitCode: number }
  /** What it ran under was lost, or about to be, before it had ended. */
  | { readonly type: "lost" };

/** What a command runs under. */
export type Guarding = Pick<Held, "epoch" | "expiresIn" | "fence" | "signal">;

/** The environment it is given, and what stops it. */
export type Surroundings = Pick<Context, "env" | "stop">;

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
  context: Surroundings,
  command: readonly [string, ...string[]],
  held: Guarding,
  times: GuardTimes,
): Promise<ChildEnd> {
  const { stop, env } = context;
  const group = new ProcessGroup(command, {
    env: { ...env, FLOTILLA_EPOCH: String(held.epoch), FLOTILLA_FENCE: fenceText(held) },
  });
  const ended = exitCodeOf(group, command[0]);
  const clock = realClock();
  let timer: Timer | undefined;
  const state = { isLost: false };
  const askInTime = (): void => {
    const leftMs = held.expiresIn - times.ttlMs * askAtShare;
    if (leftMs > 0) {
      timer = clock.setTimer(leftMs, askInTime);
    } else {
      state.isLost = true;
      group.send("SIGTERM");
    }
  };
  const onStop = (): void => {
    timer?.cancel();
    group.send("SIGTERM");
    timer = clock.setTimer(times.graceMs, kill);
  };
  const kill = (): void => group.send("SIGKILL");
  const onLost = (): void => {
    state.isLost = true;
    kill();
  };
  stop.addEventListener("abort", onStop, { once: true });
  held.signal.addEventListener("abort", onLost, { once: true });
  try {
    if (held.signal.aborted) onLost();
    else if (stop.aborted) onStop();
    else askInTime();
    const exitCode = await ended;
    return state.isLost ? { type: "lost" } : { type: "ended", exitCode };
  } finally {
    timer?.cancel();
    stop.removeEventListener("abort", onStop);
    held.signal.removeEventListener("abort", onLost);
  }
}

/** As `--fence` takes it. */
function fenceText({ fence: { path, mzxid } }: Guarding): string {
  return `${mzxid}:${path}`;
}

/** As shells tell it: the code, or 128 and the number of the signal. */
async function exitCodeOf(group: ProcessGroup, file: string): Promise<number> {
  try {
    const { code, signal } = await group.ended;
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (cause) {
    const hint = "Give the command after --, as its name or path and its arguments.";
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError("ERR_FLOTILLA_BAD_ARGUMENT", `cannot run ${file}: ${why}`, hint, { cause });
  }
}
