import type { Health } from "./api.ts";

const healths: readonly unknown[] = ["passing", "warning", "critical"] satisfies Health[];

export function isHealth(value: unknown): value is Health {
  return healths.includes(value);
}

export interface Thresholds {
  /** So many good answers in a row end `critical`. */
  readonly rise: number;
  /** So many failures in a row make it `critical`. */
  readonly fall: number;
}

/** What is thought of an instance, and how firmly. */
export interface Judgement {
  readonly health: Health;
  /** Answers in a row that speak against it; null before the first answer. */
  readonly against: number | null;
}

export const unjudged: Judgement = { health: "critical", against: null };

/** The next judgement. Only what leads into or out of `critical` has to repeat; the first answer decides alone. */
export function judge({ health, against }: Judgement, answer: Health, thresholds: Thresholds): Judgement {
  const isTurn = (health === "critical") !== (answer === "critical");
  if (!isTurn || against === null) return { health: answer, against: 0 };
  const needed = answer === "critical" ? thresholds.fall : thresholds.rise;
  return against + 1 >= needed ? { health: answer, against: 0 } : { health, against: against + 1 };
}
