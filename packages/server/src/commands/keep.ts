import type { Coord, KeptWorker, Slot } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientSettings } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import type { GuardFlags } from "../cli/guard.ts";
import { addChildOptions, graceOf, guardOf } from "../cli/guard.ts";
import type { ChildEnd } from "../cli/guarded-child.ts";
import { withCoordsUntil } from "../cli/sessions-until.ts";
import { parseCount } from "../cli/values.ts";

interface KeepFlags extends GuardFlags {
  readonly replicas: string;
  readonly weight?: string;
}

/** `flotilla keep NAME --replicas N -- COMMAND`: so many of the command run, spread over all who say so. */
export function keepCommand(context: Context): Command {
  const command = new Command("keep")
    .description("keep so many of a command running in the whole cluster, spread over all who keep it")
    .argument("<name>");
  return addChildOptions(command)
    .option("--replicas <n>", "how many in all, while nobody has scaled it", "1")
    .option("--weight <n>", "more weight, more of them here; 0 for none (default: 1)")
    .action(async (name: string, args: readonly string[], flags: KeepFlags) => {
      await keep(context, name, args, flags);
    });
}

/** More than the command's own time to end, so that it has ended when its slot is given up, ms. */
const marginMs = 1_000;

async function keep(
  context: Context,
  name: string,
  command: readonly string[],
  flags: KeepFlags,
): Promise<void> {
  const start = starterOf(context, command, flags);
  const options = {
    replicas: parseCount(flags.replicas, "--replicas"),
    drainMs: graceOf(flags) + marginMs,
    ...(flags.weight === undefined ? {} : { weight: parseCount(flags.weight, "--weight") }),
    ...(flags.value === undefined ? {} : { value: flags.value }),
  };
  const done = new AbortController();
  const failure: { error: Error | null } = { error: null };
  const fail = (error: Error): void => {
    failure.error ??= error;
    done.abort();
  };
  const onStop = (): void => done.abort();
  if (context.stop.aborted) onStop();
  context.stop.addEventListener("abort", onStop, { once: true });
  await withCoordsUntil(context, flags, { what: name, signal: done.signal }, (coord: Coord, settings) =>
    coord
      .keeper(name, { ...options, driver: (slot) => start(slot, settings, fail) })
      .run({ signal: done.signal }),
  );
  if (failure.error !== null) throw failure.error;
}

type Starter = (slot: Slot, settings: ClientSettings, fail: (error: Error) => void) => KeptWorker;

/** What starts the command in a slot. A command that cannot be started at all ends the whole. */
function starterOf(context: Context, command: readonly string[], flags: KeepFlags): Starter {
  const guard = guardOf(context, command, flags);
  return (slot, settings, fail) => {
    const stop = new AbortController();
    const env = { ...context.env, FLOTILLA_SLOT: String(slot.index) };
    const told = (how: string): string => {
      context.out.note(`slot ${slot.index}: ${how}`);
      return how;
    };
    const ended = guard(slot, settings, { stop: stop.signal, env }).then(
      (end) => told(wordsOf(end)),
      (cause: unknown) => {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        fail(error);
        return told(error.message);
      },
    );
    // It is killed by the signal of its slot.
    return { ended, stop: () => stop.abort(), kill: () => {} };
  };
}

function wordsOf(end: ChildEnd): string {
  return end.type === "lost" ? "ended, for its slot was lost" : `ended with code ${end.exitCode}`;
}
