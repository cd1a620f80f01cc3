import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";
import { byPlace, expectedEvents } from "./watch-filter.ts";
import type { CommittedEvent, WatchKind, WatchSpec } from "./watch-filter.ts";

/** One thing that a session's client was handed, or that it did, in order of delivery. */
export type SessionDelivery = { readonly session: string } & (
  | {
      readonly kind: "watch-armed";
      readonly watch: string;
      readonly path: string;
      readonly watchKind: WatchKind;
      readonly from: number;
      readonly types?: NonNullable<WatchSpec["types"]>;
      readonly names?: string;
    }
  | { readonly kind: "watch-closed"; readonly watch: string }
  | { readonly kind: "event"; readonly watch: string; readonly revision: number; readonly ordinal: number }
  | { readonly kind: "gap"; readonly watch: string }
  | { readonly kind: "snapshot"; readonly watch: string; readonly revision: number }
  /** An answer to a read or a write that shows state as of `revision`. */
  | { readonly kind: "answer"; readonly revision: number }
);

export interface EventBeforeReadInput {
  /** Every committed change. */
  readonly log: readonly CommittedEvent[];
  /** All sessions; those of one session in order of delivery. */
  readonly deliveries: readonly SessionDelivery[];
}

interface ArmedWatch {
  readonly id: string;
  readonly expected: readonly CommittedEvent[];
  next: number;
  inGap: boolean;
}

/**
 * Event before read: an answer that shows revision r reaches a client only after every event up to r
 * of the watches it had armed before. A watch in a gap owes nothing until its snapshot.
 */
export function eventBeforeRead({ log, deliveries }: EventBeforeReadInput): CheckReport {
  const findings = new Findings();
  findings.checked(deliveries.length);
  const ordered = log.toSorted(byPlace);
  for (const [, group] of groupBy(deliveries, (delivery) => delivery.session)) {
    const armed = new Map<string, ArmedWatch>();
    for (const delivery of group) follow(delivery, armed, ordered, findings);
  }
  return findings.report();
}

function follow(
  delivery: SessionDelivery,
  armed: Map<string, ArmedWatch>,
  log: readonly CommittedEvent[],
  findings: Findings,
): void {
  if (delivery.kind === "answer") {
    for (const watch of armed.values()) checkAnswer(delivery, watch, findings);
    return;
  }
  if (delivery.kind === "watch-armed") {
    armed.set(delivery.watch, {
      id: delivery.watch,
      expected: expectedEvents(log, delivery),
      next: 0,
      inGap: false,
    });
    return;
  }
  const watch = armed.get(delivery.watch);
  if (watch === undefined) {
    findings.add("not-armed", `watch ${delivery.watch} is not armed`, delivery);
  } else if (delivery.kind === "watch-closed") {
    armed.delete(delivery.watch);
  } else if (delivery.kind === "gap") {
    watch.inGap = true;
  } else {
    watch.inGap = false;
    const ordinal = delivery.kind === "event" ? delivery.ordinal : Infinity;
    advance(watch, delivery.revision, ordinal);
  }
}

function advance(watch: ArmedWatch, revision: number, ordinal: number): void {
  for (;;) {
    const due = watch.expected[watch.next];
    if (due === undefined || due.revision > revision || (due.revision === revision && due.ordinal > ordinal))
      return;
    watch.next++;
  }
}

function checkAnswer(answer: { readonly revision: number }, watch: ArmedWatch, findings: Findings): void {
  const due = watch.expected[watch.next];
  if (watch.inGap || due === undefined || due.revision > answer.revision) return;
  findings.add(
    "answer-too-early",
    `revision ${answer.revision} was shown before an event of watch ${watch.id}`,
    answer,
    due,
  );
}
