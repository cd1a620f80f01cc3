/** What a killer found first. */
export interface Finding {
  /** Name of the checker; `crash` or `timeout` when nothing that judges said a word. */
  readonly by: string;
  /** Whether a checker or a named assertion spoke. */
  readonly isChecker: boolean;
  readonly message: string;
}

/** A broken promise of a simulated world. */
export interface WorldViolation {
  readonly invariant: string;
  readonly message: string;
}

const assertion = /ERR_FLOTILLA_INTERNAL: invariant broken: (.+)/;
const refusal = /stopped: ERR_FLOTILLA_(?:DAMAGED|FOREIGN|WIPED)/;

/**
 * Attributes what a world found. A member that stops because one of its own named invariants broke was caught
 * by that invariant; one that refuses data nobody harmed, by the proof at its start; any other stop is a crash.
 */
export function attribute(violations: readonly WorldViolation[]): Finding | null {
  const checker = violations.find(({ invariant }) => invariant !== "Crash");
  if (checker !== undefined) return { by: checker.invariant, isChecker: true, message: checker.message };
  const [crash] = violations;
  if (crash === undefined) return null;
  const { message } = crash;
  const name = assertion.exec(message)?.[1]?.trim();
  if (name !== undefined) return { by: `assertion ${name}`, isChecker: true, message };
  if (refusal.test(message)) return { by: "SoundDataOpens", isChecker: true, message };
  return { by: "crash", isChecker: false, message };
}
