import type { GenericVerdict } from "./run-generic.ts";

/** One line for people. */
export function asLine({ file, line, what, killed, by }: GenericVerdict): string {
  return `${killed ? "killed  " : "SURVIVED"} ${file}:${line} ${what}${by === null ? "" : ` (${by})`}`;
}

/** What a run came to: how many changes there were, and what part of them was noticed. */
export function score(verdicts: readonly GenericVerdict[]): {
  readonly total: number;
  readonly killed: number;
  readonly score: number;
} {
  const killed = verdicts.filter((verdict) => verdict.killed).length;
  return {
    total: verdicts.length,
    killed,
    score: Math.round((1000 * killed) / Math.max(1, verdicts.length)) / 1000,
  };
}
