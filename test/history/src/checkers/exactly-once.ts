import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** One change of state, read from the replicated log. */
export interface EffectRecord {
  readonly session: string;
  readonly seq: number;
  readonly zxid: number;
}

/** What a client was told about one write that changes state when it succeeds. */
export interface OutcomeRecord {
  readonly session: string;
  readonly seq: number;
  readonly outcome: "ok" | "fail" | "unknown";
  /** Of an `ok`; absent when the answer carries none. */
  readonly zxid?: number;
}

export interface ExactlyOnceInput {
  /** Every effect, of every session. */
  readonly effects: readonly EffectRecord[];
  /** For each session listed at all: every write it ever sent. */
  readonly outcomes: readonly OutcomeRecord[];
}

/**
 * Exactly once: a request changes the state at most once; `ok` means that it did, at the zxid
 * reported; `fail` means that it did not; and nothing takes effect that no client sent. Effects of
 * sessions without any outcome are only checked for repetition.
 */
export function exactlyOnce({ effects, outcomes }: ExactlyOnceInput): CheckReport {
  const findings = new Findings();
  findings.checked(outcomes.length);
  const reported = new Map(groupBy(outcomes, keyOf));
  const sessions = new Set(outcomes.map((outcome) => outcome.session));
  const applied = new Map(groupBy(effects, keyOf));
  for (const [key, group] of applied) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.length > 1)
      findings.add("repeated", `${name(first)} took effect ${group.length} times`, ...group);
    if (sessions.has(first.session) && !reported.has(key))
      findings.add("phantom", `${name(first)} was never sent`, first);
  }
  for (const [key, group] of reported) {
    const [outcome] = group;
    if (outcome === undefined) continue;
    if (group.length > 1)
      findings.add("reported-twice", `${name(outcome)} has ${group.length} outcomes`, ...group);
    checkOutcome(outcome, applied.get(key)?.[0], findings);
  }
  return findings.report();
}

function checkOutcome(outcome: OutcomeRecord, effect: EffectRecord | undefined, findings: Findings): void {
  if (outcome.outcome === "fail" && effect !== undefined) {
    findings.add("fail-with-effect", `${name(outcome)} was refused but took effect`, outcome, effect);
  }
  if (outcome.outcome !== "ok") return;
  if (effect === undefined) {
    findings.add("lost", `${name(outcome)} succeeded but never took effect`, outcome);
  } else if (outcome.zxid !== undefined && outcome.zxid !== effect.zxid) {
    findings.add("wrong-zxid", `${name(outcome)} was told another zxid than its effect has`, outcome, effect);
  }
}

function keyOf({ session, seq }: { readonly session: string; readonly seq: number }): string {
  return JSON.stringify([session, seq]);
}

function name({ session, seq }: { readonly session: string; readonly seq: number }): string {
  return `session ${session} seq ${seq}`;
}
