import {
  checkLinearizability,
  epochMonotone,
  fencedOrder,
  sessionFifo,
  singleHolder,
  watchChain,
  zxidWitness,
} from "@flotilla/history";
import type {
  BeliefRecord,
  ChainRecord,
  CheckReport,
  FencedRecord,
  GrantRecord,
  OpRecord,
  SessionOpRecord,
} from "@flotilla/history";
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

/** All that clients recorded. */
export interface Records {
  readonly ops: readonly OpRecord[];
  readonly sessionOps: readonly SessionOpRecord[];
  readonly streams: readonly ChainRecord[];
  readonly beliefs: readonly BeliefRecord[];
  readonly grants: readonly GrantRecord[];
  readonly fenced: readonly FencedRecord[];
}

/** What clients recorded, judged by every checker that it suffices for. */
export function judgeRecords({ ops, sessionOps, streams, beliefs, grants, fenced }: Records): Judgement {
  const linear = checkLinearizability(ops, { maxSteps });
  const isWrong = linear.verdict === "not-linearizable";
  return {
    checked: linear.checked + fenced.length + grants.length,
    undecided: linear.verdict === "undecided" ? 1 : 0,
    violations: [
      ...(isWrong ? [{ invariant: "LinearizableHistory", message: linear.explain ?? "" }] : []),
      ...brokenBy("LinearizableHistory", zxidWitness(ops)),
      ...brokenBy("SessionFifo", sessionFifo(sessionOps)),
      ...brokenBy("WatchComplete", watchChain({ streams, ops })),
      ...brokenBy("SingleHolder", singleHolder(beliefs)),
      ...brokenBy("SingleHolder", fencedOrder(fenced, grants)),
      ...brokenBy("EpochMonotone", epochMonotone(beliefs)),
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
