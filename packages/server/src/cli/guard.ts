import { FlotillaError } from "@flotilla/runtime";
import { Option } from "commander";
import type { Command } from "commander";
import { parseDuration } from "../config/duration.ts";
import type { ClientFlags, ClientSettings } from "./client.ts";
import { addClientOptions } from "./client.ts";
import type { Context } from "./context.ts";
import type { ChildEnd, Guarding, Surroundings } from "./guarded-child.ts";
import { runGuarded } from "./guarded-child.ts";
import { parseCount } from "./values.ts";

/** The flags of what runs a command for as long as something is held. */
export interface GuardFlags extends ClientFlags {
  readonly killAfter: string;
  readonly value?: string;
  readonly priority?: string;
}

/** A command and its arguments, at the end of the line, for what it takes a place in line to run. */
export function addGuardOptions(command: Command): Command {
  return addChildOptions(command).option("--priority <n>", "higher goes first in line (default: 0)");
}

/** A command and its arguments, at the end of the line. */
export function addChildOptions(command: Command): Command {
  return addClientOptions(command)
    .argument("<command...>", "what to run, after --")
    .option("--value <text>", "what others see of this one")
    .option("--session-ttl <duration>", "how long others wait when this one dies (default: 10s)")
    .addOption(
      new Option("--kill-after <duration>", "from SIGTERM to SIGKILL when this one is stopped").default(
        "10s",
      ),
    );
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function standingOf({ value, priority }: GuardFlags): {
  readonly value?: string;
  readonly priority?: number;
} {
  return {
    ...(value === undefined ? {} : { value }),
    ...(priority === undefined ? {} : { priority: parseCount(priority, "--priority") }),
  };
}

/** From SIGTERM to SIGKILL, ms. @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` */
export function graceOf({ killAfter }: GuardFlags): number {
  return parseDuration(killAfter, "--kill-after");
}

/**
 * What runs the command for as long as something is held.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`
 */
export function guardOf(
  context: Context,
  command: readonly string[],
  flags: GuardFlags,
): (held: Guarding, settings: ClientSettings, around?: Surroundings) => Promise<ChildEnd> {
  const graceMs = graceOf(flags);
  const [file, ...args] = command;
  if (file === undefined) throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "no command to run");
  return (held, { sessionTtlMs }, around = context) =>
    runGuarded(around, [file, ...args], held, { ttlMs: sessionTtlMs, graceMs });
}
