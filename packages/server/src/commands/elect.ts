import { Command } from "commander";
import type { Context } from "../cli/context.ts";
import type { GuardFlags } from "../cli/guard.ts";
import { addGuardOptions, guardOf, standingOf } from "../cli/guard.ts";
import type { ChildEnd } from "../cli/guarded-child.ts";
import { withCoordsUntil } from "../cli/sessions-until.ts";

/** `flotilla elect NAME -- COMMAND`: the command runs where the leader is, and follows it. */
export function electCommand(context: Context): Command {
  const command = new Command("elect")
    .description("run a command whenever this one leads, until the command ends by itself")
    .argument("<name>");
  return addGuardOptions(command).action(async (name: string, args: readonly string[], flags: GuardFlags) => {
    context.exitCode = await lead(context, name, args, flags);
  });
}

/** Campaigns again after each loss, with a new session once the one before is lost. Returns the command's exit code. */
async function lead(
  context: Context,
  name: string,
  command: readonly string[],
  flags: GuardFlags,
): Promise<number> {
  const guard = guardOf(context, command, flags);
  const standing = standingOf(flags);
  const done = new AbortController();
  const last: { end: ChildEnd | null } = { end: null };
  const state = { isLeading: false };
  // While it leads, the command ends first, and the lead only then.
  const onStop = (): void => {
    if (!state.isLeading) done.abort();
  };
  const whileLeading = async (run: () => Promise<ChildEnd>): Promise<void> => {
    state.isLeading = true;
    try {
      last.end = await run();
    } finally {
      state.isLeading = false;
      if (context.stop.aborted || last.end?.type === "ended") done.abort();
    }
  };
  if (context.stop.aborted) onStop();
  context.stop.addEventListener("abort", onStop, { once: true });
  await withCoordsUntil(context, flags, { what: name, signal: done.signal }, (coord, settings) =>
    coord
      .election(name, standing)
      .run((leadership) => whileLeading(() => guard(leadership, settings)), { signal: done.signal }),
  );
  return last.end?.type === "ended" ? last.end.exitCode : 0;
}
