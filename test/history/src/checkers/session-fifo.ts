import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** One numbered request of a session, as its client saw it. */
export interface SessionOpRecord {
  readonly kind: "session-op";
  readonly session: string;
  /** Number given by the client; unique in the session. */
  readonly seq: number;
  readonly outcome: "ok" | "fail" | "unknown";
  /** Of the effect; absent or `null` when there was none or nobody knows. */
  readonly zxid?: number | null;
  /** When the client had the answer; `null` when it stopped waiting. Any clock that never goes back. */
  readonly completed_ns: number | null;
}

/**
 * Session FIFO: in every session, effects come in order of seq (zxids never fall), and so do answers.
 * Requests whose client stopped waiting have no place in the order of answers.
 */
export function sessionFifo(records: readonly SessionOpRecord[]): CheckReport {
  const findings = new Findings();
  for (const [, ops] of groupBy(records, (record) => record.session)) {
    const bySeq = ops.toSorted((a, b) => a.seq - b.seq);
    findings.checked(bySeq.length);
    checkUnique(bySeq, findings);
    checkRising(bySeq, (op) => op.zxid ?? null, "effect-order", "took effect before", findings);
    checkRising(bySeq, (op) => op.completed_ns, "answer-order", "was answered before", findings);
  }
  return findings.report();
}

function checkUnique(bySeq: readonly SessionOpRecord[], findings: Findings): void {
  for (const [index, op] of bySeq.entries()) {
    const previous = bySeq[index - 1];
    if (previous?.seq === op.seq)
      findings.add("seq-unique", `session ${op.session} used seq ${op.seq} twice`, previous, op);
  }
}

function checkRising(
  bySeq: readonly SessionOpRecord[],
  valueOf: (op: SessionOpRecord) => number | null,
  rule: string,
  verb: string,
  findings: Findings,
): void {
  let highest: { op: SessionOpRecord; value: number } | undefined;
  for (const op of bySeq) {
    const value = valueOf(op);
    if (value === null) continue;
    if (highest !== undefined && value < highest.value) {
      findings.add(
        rule,
        `session ${op.session}: seq ${op.seq} ${verb} seq ${highest.op.seq}`,
        highest.op,
        op,
      );
    } else {
      highest = { op, value };
    }
  }
}
