import type { SystemName } from "../clients/open.ts";
import { Histogram } from "../load/histogram.ts";
import type { LoadResult } from "../load/job.ts";
import type { Workload } from "./workloads.ts";

/** One system under one workload: each figure is the median of its rounds, `maxMs` the largest of all. */
export interface Row {
  readonly workload: Workload;
  readonly system: SystemName;
  readonly perSecond: number;
  /** Lowest and highest round. */
  readonly perSecondRange: readonly [number, number];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** CPU of all three servers together, µs an operation. */
  readonly serverCpuUs: number;
  /** CPU of the load generator, µs an operation; 0 when it is a member itself. */
  readonly clientCpuUs: number;
  readonly serverRssMb: number;
  readonly clientRssMb: number;
  /** Worst round: share of the machine taken by others, the hypervisor's guests among them. */
  readonly noise: number;
  /** Rounds that were done again because the machine was noisy. */
  readonly repeats: number;
}

/** A round is noisy when others take more of the machine than this. */
export const noiseLimit = 0.05;

/** Share of the machine (0 … 1) that the run did not have. */
export function noiseOf({ spent }: LoadResult): number {
  return spent.stealShare + spent.otherShare;
}

/** The middle one; the mean of the middle two of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

const mb = 1024 * 1024;

function rate({ operations, elapsedMs }: LoadResult): number {
  return (operations * 1000) / elapsedMs;
}

function perOperation(cpuMs: number, { operations }: LoadResult): number {
  return (cpuMs * 1000) / operations;
}

/** Puts the rounds of one system under one workload together. */
export function summarise(
  workload: Workload,
  system: SystemName,
  rounds: readonly LoadResult[],
  repeats: number,
): Row {
  const middle = (figure: (round: LoadResult) => number): number => median(rounds.map(figure));
  const histograms = rounds.map(({ histogram }) => {
    const whole = new Histogram();
    whole.add(histogram);
    return whole;
  });
  return {
    workload,
    system,
    perSecond: middle(rate),
    perSecondRange: [Math.min(...rounds.map(rate)), Math.max(...rounds.map(rate))],
    p50Ms: median(histograms.map((each) => each.quantileMs(0.5))),
    p99Ms: median(histograms.map((each) => each.quantileMs(0.99))),
    p999Ms: median(histograms.map((each) => each.quantileMs(0.999))),
    maxMs: Math.max(...histograms.map((each) => each.maxMs)),
    serverCpuUs: middle((round) => perOperation(round.spent.serversMs, round)),
    clientCpuUs: middle((round) => perOperation(round.spent.loadMs, round)),
    serverRssMb: middle(({ spent }) => spent.serverRssBytes / mb),
    clientRssMb: middle(({ spent }) => spent.loadRssBytes / mb),
    noise: Math.max(...rounds.map(noiseOf)),
    repeats,
  };
}
