import type { Verdict } from "./judge.ts";

/** The last line. */
export interface Summary {
  readonly total: number;
  readonly killed: number;
  /** Of those killed, how many by an assertion of the code itself. */
  readonly byAssertion: number;
  /** Not killed, but not unnoticed: a process crashed, or did not come to an end. */
  readonly crashed: readonly string[];
  readonly survived: readonly string[];
}

export function summarize(verdicts: readonly Verdict[]): Summary {
  const killed = verdicts.filter((verdict) => verdict.killed);
  const rest = verdicts.filter((verdict) => !verdict.killed);
  return {
    total: verdicts.length,
    killed: killed.length,
    byAssertion: killed.filter(({ by }) => by?.startsWith("assertion ") === true).length,
    crashed: rest.filter(({ by }) => by !== null).map(({ id }) => id),
    survived: rest.filter(({ by }) => by === null).map(({ id }) => id),
  };
}

/** A verdict for people. */
export function asText({ id, killed, by, seeds, cpuSeconds }: Verdict): string {
  const fate = killed ? `killed by ${by ?? ""}` : by === null ? "SURVIVED" : `killed-by: ${by}`;
  return `${id.padEnd(5)} ${fate}, ${seeds} worlds, ${cpuSeconds} s`;
}
