import type { AcquireOptions, Coord, LockHold, Locking, PermitOptions } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import { withCoord } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";
import type { GuardFlags } from "../cli/guard.ts";
import { addGuardOptions, guardOf, standingOf } from "../cli/guard.ts";
import { parseCount } from "../cli/values.ts";
import { parseDuration } from "../config/duration.ts";

interface LockFlags extends GuardFlags {
  readonly wait?: string;
  readonly try?: true;
}

interface SemaphoreFlags extends LockFlags {
  readonly take?: string;
}

/** `flotilla lock NAME -- COMMAND`: one at a time in the whole cluster. */
export function lockCommand(context: Context): Command {
  const command = new Command("lock").description("run a command while a lock is held").argument("<name>");
  return addLockOptions(command).action(async (name: string, args: readonly string[], flags: LockFlags) => {
    const standing = standingOf(flags);
    await runLocked(context, args, flags, (coord) => coord.lock(name, standing));
  });
}

/** `flotilla semaphore NAME PERMITS -- COMMAND`: so many at a time. */
export function semaphoreCommand(context: Context): Command {
  const command = new Command("semaphore")
    .description("run a command while a permit is held, of so many in all")
    .argument("<name>")
    .argument("<permits>");
  return addLockOptions(command)
    .option("--take <n>", "how many permits to take (default: 1)")
    .action(async (name: string, permits: string, args: readonly string[], flags: SemaphoreFlags) => {
      const options = { permits: parseCount(permits, "permits"), ...standingOf(flags) };
      const taken = flags.take === undefined ? {} : { permits: parseCount(flags.take, "--take") };
      await runLocked(context, args, flags, (coord) => coord.semaphore(name, options), taken);
    });
}

function addLockOptions(command: Command): Command {
  return addGuardOptions(command)
    .option("--wait <duration>", "how long to wait in line (default: until it is granted)")
    .option("--try", "take it when it is free, else end with 5");
}

async function runLocked(
  context: Context,
  command: readonly string[],
  flags: LockFlags,
  lockOf: (coord: Coord) => Locking<PermitOptions>,
  taken: PermitOptions = {},
): Promise<void> {
  const guard = guardOf(context, command, flags);
  const bounds = { ...taken, ...boundsOf(context, flags) };
  await withCoord(context, flags, async (coord, settings) => {
    const lock = lockOf(coord);
    const held = await (flags.try ? lock.tryAcquire(bounds) : acquire(lock, bounds));
    if (held === null) throw isHeld(lock);
    try {
      const end = await guard(held, settings);
      if (end.type === "lost") throw new FlotillaError("ERR_FLOTILLA_LOST", `${lock.name} was lost`);
      context.exitCode = end.exitCode;
    } finally {
      await giveBack(context, held, lock.name);
    }
  });
}

/** What counts is how the command ended: a lock that cannot be given back ends with the session. */
async function giveBack({ out }: Context, held: LockHold, name: string): Promise<void> {
  try {
    await held.release();
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    out.note(`${name}: others get it when the session ends, for ${error.message}`);
  }
}

/** Null when the wait in line was too long. */
async function acquire(lock: Locking<PermitOptions>, bounds: PermitOptions): Promise<LockHold | null> {
  try {
    return await lock.acquire(bounds);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT")) return null;
    throw error;
  }
}

function boundsOf({ stop }: Context, { wait }: LockFlags): AcquireOptions {
  return { signal: stop, ...(wait === undefined ? {} : { timeoutMs: parseDuration(wait, "--wait") }) };
}

function isHeld({ name }: Locking<PermitOptions>): CommandError {
  const hint = "See who with `flotilla locks NAME`, or wait for it with --wait.";
  return new CommandError("ERR_FLOTILLA_HELD", `others hold ${name}`, hint);
}
