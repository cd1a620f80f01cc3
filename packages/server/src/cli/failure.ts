import { CommanderError } from "commander";
import { FlotillaError } from "@flotilla/runtime";
import type { ExitCode } from "./exit-codes.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { printable } from "./printable.ts";

/** An error as the command line tells it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly hint: string;
  readonly exitCode: ExitCode;
}

/** A failure of a command itself, with a hint of its own. */
export class CommandError extends FlotillaError {
  override readonly hint: string;

  constructor(
    code: FlotillaError["code"],
    message: string,
    hint: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.hint = hint;
  }
}

const poisonHint =
  "It is a bug of Flotilla, please report it; until it is corrected: flotilla recover --skip-entry, at every member.";
const bugHint = "This is a bug in Flotilla; please report it.";
const filesHint =
  "Allow this process more open files, 1,024 or more: ulimit -n, or LimitNOFILE of its systemd unit.";
const unknownOutcomeHint = "The write may or may not have happened; read before you decide.";

export function toFailure(error: unknown): Failure {
  if (error instanceof CommanderError) return usage(error);
  const exitCode = exitCodeOf(error);
  if (FlotillaError.is(error)) {
    const hint = exitCode === exitCodes.unknownOutcome ? unknownOutcomeHint : hintOf(error);
    return { code: error.code, message: oneLine(wholeMessage(error)), hint, exitCode };
  }
  const message = oneLine(error instanceof Error ? error.message : String(error));
  // Node opens a file for each of the modules that it loads.
  const isFull =
    error instanceof Error && "code" in error && (error.code === "EMFILE" || error.code === "ENFILE");
  const [code, hint] = isFull
    ? (["ERR_FLOTILLA_LIMIT", filesHint] as const)
    : (["ERR_FLOTILLA_INTERNAL", bugHint] as const);
  return { code, message, hint, exitCode };
}

/**
 * With the reasons of what is ours or the system's, unless it tells them itself. A parser's words are left out: they may
 * quote what is secret.
 */
function wholeMessage(error: Error): string {
  const { message, cause } = error;
  const isToldOf = FlotillaError.is(cause) || (cause instanceof Error && "errno" in cause);
  if (error instanceof CommandError || !isToldOf) return message;
  const reason = wholeMessage(cause);
  return message.includes(reason) ? message : `${message}: ${reason}`;
}

/** The entry that stops a state machine is named in the details. */
function hintOf({ code, details, hint }: FlotillaError): string {
  return code === "ERR_FLOTILLA_INTERNAL" && "index" in details ? poisonHint : hint;
}

const suggestion = /\n?\((Did you mean .*\?)\)\s*$/s;

function usage(error: CommanderError): Failure {
  const text = error.code === "commander.help" ? "which command?" : error.message.replace(/^error: /, "");
  const meant = suggestion.exec(text)?.[1];
  return {
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
    message: oneLine(text.replace(suggestion, "")),
    hint: meant === undefined ? "Run `flotilla --help`, or `flotilla COMMAND --help`." : oneLine(meant),
    exitCode: exitCodes.usage,
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").trim();
}

/** For people: two lines. For programs: one JSON object. */
export function describeFailure({ code, message, hint }: Failure, json: boolean): string {
  return json
    ? `${JSON.stringify({ code, message, hint })}\n`
    : `flotilla: ${printable(message)} (${code})\nhint: ${printable(hint)}\n`;
}
