import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** A member of a set, as those who follow the set are told. */
export interface ToldMember {
  readonly id: string;
  /** Revision of its join. */
  readonly joined: number;
}

/** The members after one change, and what it was. */
export interface ToldChange {
  readonly revision: number;
  readonly members: readonly ToldMember[];
  readonly joined: readonly ToldMember[];
  readonly left: readonly ToldMember[];
  readonly changed: readonly ToldMember[];
}

/** Changes come in order, and each makes of the members before it the members after it. */
export function changesFold(changes: readonly ToldChange[]): CheckReport {
  const findings = new Findings();
  findings.checked(changes.length);
  const present = new Map<string, number>();
  let last = 0;
  for (const change of changes) {
    const { revision, joined, left, changed, members } = change;
    const tell = (rule: string, message: string): void =>
      findings.add(rule, `at ${revision}: ${message}`, change);
    if (revision < last) tell("out-of-order", `it comes after ${last}`);
    last = revision;
    for (const { id, joined: at } of left) {
      if (present.get(id) !== at) tell("left", `${id} of ${at} left and was no member`);
      present.delete(id);
    }
    for (const { id, joined: at } of joined) {
      if (present.has(id)) tell("joined", `${id} joined and was a member`);
      present.set(id, at);
    }
    for (const { id, joined: at } of changed)
      if (present.get(id) !== at) tell("changed", `${id} of ${at} changed and was no member`);
    const folded = [...present].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, at]) => `${id}@${at}`);
    const told = members.map(({ id, joined: at }) => `${id}@${at}`);
    if (folded.join(" ") !== told.join(" "))
      tell("folded", `changes make ${folded.join(" ")}, and the members are ${told.join(" ")}`);
  }
  return findings.report();
}
