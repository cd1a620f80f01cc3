import { checkLinearizability, sessionFifo, zxidWitness } from "@flotilla/history";
import type { CheckReport, OpRecord, SessionOpRecord } from "@flotilla/history";
import type { MemberProcess } from "../processes/member-process.ts";

/** A promise that was broken, and by which invariant of the house it was. */
export interface Broken {
  readonly invariant: string;
  readonly message: string;
}

export interface Judgement {
  readonly checked: number;
  /** Searches that ended at their bound without an answer. */
  readonly undecided: number;
  readonly violations: readonly Broken[];
}

/** Bounds the search for an order on each path: about ten seconds. */
const maxSteps = 20_000_000;
const exitOfFailedDisk = 74;

/** What clients recorded, judged by every checker that it suffices for. */
export function judgeHistory(ops: readonly OpRecord[], sessionOps: readonly SessionOpRecord[]): Judgement {
  const linear = checkLinearizability(ops, { maxSteps });
  const isWrong = linear.verdict === "not-linearizable";
  return {
    checked: linear.checked,
    undecided: linear.verdict === "undecided" ? 1 : 0,
    violations: [
      ...(isWrong ? [{ invariant: "LinearizableHistory", message: linear.explain ?? "" }] : []),
      ...brokenBy("LinearizableHistory", zxidWitness(ops)),
      ...brokenBy("SessionFifo", sessionFifo(sessionOps)),
    ],
  };
}

function brokenBy(invariant: string, { violations }: CheckReport): Broken[] {
  return violations.map(({ rule, message }) => ({ invariant, message: `${rule}: ${message}` }));
}

/** Members end when they are told to, or because their disk failed. */
export function judgeExits(
  members: readonly MemberProcess[],
  failedDisks: ReadonlySet<string>,
): readonly Broken[] {
  return members.flatMap(({ id, exits }) =>
    exits
      .filter(({ told, code }) => !told && !(failedDisks.has(id) && code === exitOfFailedDisk))
      .map(({ code, signal }) => ({
        invariant: "FailStop",
        message: `${id} ended by itself: ${code ?? signal}`,
      })),
  );
}
