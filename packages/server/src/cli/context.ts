import type { Output } from "./output.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What every command stands on. */
export class Context {
  readonly out: Output;
  readonly env: Environment;
  /** Where somebody may be asked. */
  readonly stdin: NodeJS.ReadStream;
  /** Fires on SIGINT, SIGTERM, and when nobody reads the output any more. */
  readonly stop: AbortSignal;
  /** What the process ends with unless the command fails. */
  exitCode = 0;

  constructor(
    out: Output,
    surroundings: { readonly env: Environment; readonly stdin: NodeJS.ReadStream },
    stop: AbortSignal,
  ) {
    this.out = out;
    this.env = surroundings.env;
    this.stdin = surroundings.stdin;
    this.stop = stop;
  }
}

/** Resolves once the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
