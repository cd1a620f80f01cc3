import { epochMonotone, singleHolder } from "../checkers/beliefs.ts";
import { counterExact } from "../checkers/counter-exact.ts";
import { fencedOrder } from "../checkers/fenced-order.ts";
import { grantBelieved } from "../checkers/grant-believed.ts";
import { ownedNodes } from "../checkers/owned-nodes.ts";
import { queueDeliveries } from "../checkers/queue-deliveries.ts";
import { queueOnce } from "../checkers/queue-once.ts";
import type { CheckReport } from "../checkers/report.ts";
import { sessionFifo } from "../checkers/session-fifo.ts";
import { setComplete } from "../checkers/set-complete.ts";
import { watchChain } from "../checkers/watch-chain.ts";
import type { History } from "../format/records.ts";
import { checkLinearizability } from "../linearizability/check.ts";
import type { LinearizabilityResult } from "../linearizability/check.ts";
import { zxidWitness } from "../witness/zxid-witness.ts";
import { KnownRecords } from "./known-records.ts";
import { toldOnce } from "./told-once.ts";

/** The invariants that a recorded history can break. */
export type JudgedInvariant =
  | "LinearizableHistory"
  | "SessionFifo"
  | "ExactlyOnce"
  | "WatchComplete"
  | "SingleHolder"
  | "EpochMonotone"
  | "GrantBelieved"
  | "EphemeralOwned"
  | "CounterExact"
  | "QueueOnce"
  | "SetComplete";

/** What one checker said. */
export interface Opinion extends CheckReport {
  readonly invariant: JudgedInvariant;
  /** The invariant again, unless several judge it. */
  readonly checker: string;
}

export interface HistoryJudgement {
  readonly linear: LinearizabilityResult;
  /** Operations and calls that some checker judged, each counted once. */
  readonly checked: number;
  /** Searches that ended at their bound without an answer. */
  readonly undecided: number;
  /** Of the checkers that had something to judge. */
  readonly opinions: readonly Opinion[];
}

export interface JudgeOptions {
  /** Bounds the search for an order of each path. Default 20,000,000 steps: about ten seconds. */
  readonly maxSteps?: number;
}

const usualSteps = 20_000_000;

/** A history, judged by every checker that it has something for. */
export function judgeHistory(
  history: History,
  { maxSteps = usualSteps }: JudgeOptions = {},
): HistoryJudgement {
  const { ops } = history;
  const known = new KnownRecords(history.others);
  const linear = checkLinearizability(ops, { maxSteps });
  const opinions = [
    say("LinearizableHistory", zxidWitness(ops), "ZxidWitness"),
    ...opinionsOn(known, ops),
  ].filter(({ checked }) => checked > 0);
  const calls = ["counter", "queue", "set", "grant", "fenced", "owned", "owned-read"] as const;
  return {
    linear,
    checked: linear.checked + calls.reduce((sum, kind) => sum + known.of(kind).length, 0),
    undecided: linear.verdict === "undecided" ? 1 : 0,
    opinions,
  };
}

function opinionsOn(known: KnownRecords, ops: History["ops"]): Opinion[] {
  const streams = known.streams();
  const beliefs = known.of("belief");
  return [
    say("SessionFifo", sessionFifo(known.of("session-op"))),
    say("ExactlyOnce", toldOnce(streams, ops)),
    say("WatchComplete", watchChain({ streams, ops })),
    say("SingleHolder", singleHolder(beliefs)),
    say("EpochMonotone", epochMonotone(beliefs)),
    say("SingleHolder", fencedOrder(known.of("fenced"), known.of("grant")), "FencedOrder"),
    say("GrantBelieved", grantBelieved(known.of("grant"))),
    say("EphemeralOwned", ownedNodes(known.of("owned"), known.of("owned-read"))),
    say("CounterExact", counterExact(known.of("counter"))),
    say("QueueOnce", queueOnce(known.of("queue"))),
    say("QueueOnce", queueDeliveries(known.of("queue")), "QueueDeliveries"),
    say("SetComplete", setComplete(known.of("set"))),
  ];
}

function say(invariant: JudgedInvariant, report: CheckReport, checker: string = invariant): Opinion {
  return { invariant, checker, ...report };
}

/** All that is wrong with a history, one line each. */
export function brokenIn({
  linear,
  opinions,
}: HistoryJudgement): { invariant: JudgedInvariant; message: string }[] {
  const isWrong = linear.verdict === "not-linearizable";
  return [
    ...(isWrong ? [{ invariant: "LinearizableHistory" as const, message: linear.explain ?? "" }] : []),
    ...opinions.flatMap(({ invariant, violations }) =>
      violations.map(({ rule, message }) => ({ invariant, message: `${rule}: ${message}` })),
    ),
  ];
}
