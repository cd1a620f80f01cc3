import { once } from "node:events";
import type { Interface } from "node:readline/promises";
import { createInterface } from "node:readline/promises";
import { Option } from "commander";
import type { Context } from "./context.ts";
import { CommandError } from "./failure.ts";

/** The flag of commands that destroy something. */
export interface ConfirmFlags {
  readonly yes?: true;
}

export function yesOption(): Option {
  return new Option("-y, --yes", "do not ask");
}

/**
 * Says what is about to happen and goes on only with a yes.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when nobody can be asked, `ERR_FLOTILLA_ABORTED` for a no
 */
export async function confirm(context: Context, warning: string, flags: ConfirmFlags): Promise<void> {
  if (flags.yes) return;
  const { stdin, out } = context;
  if (!stdin.isTTY)
    throw new CommandError(
      "ERR_FLOTILLA_BAD_ARGUMENT",
      `${warning} Nothing was changed, as nobody can be asked here.`,
      "Give --yes if that is what you want.",
    );
  out.note(warning);
  const asked = createInterface({ input: stdin, output: out.remarks });
  try {
    const answer = await answerOf(asked, context.stop);
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  } finally {
    asked.close();
  }
  throw new CommandError("ERR_FLOTILLA_ABORTED", "nothing was changed", "Answer y, or give --yes, to go on.");
}

/** What was typed; nothing when the input was ended instead (Ctrl-D), or the command (Ctrl-C). */
async function answerOf(asked: Interface, stop: AbortSignal): Promise<string> {
  const ended = once(asked, "close").then(() => "");
  const answered = asked.question("Go on? [y/N] ", { signal: stop }).catch((error: unknown) => {
    if (error instanceof Error && error.name === "AbortError") return "";
    throw error;
  });
  return Promise.race([answered, ended]);
}
