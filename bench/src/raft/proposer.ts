import { setTimeout as pause } from "node:timers/promises";
import type { RaftNode } from "@flotilla/raft";
import { valueBytes } from "../clients/client.ts";
import { Histogram } from "../load/histogram.ts";
import type { Counter } from "./counter.ts";
import type { LoadAnswer, ProposeLoad } from "./messages.ts";

const retryMs = 2;
const payload = new Uint8Array(valueBytes).fill(7);

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

class Phase {
  isMeasured = false;
  isOver = false;

  measure(): void {
    this.isMeasured = true;
  }

  end(): void {
    this.isMeasured = false;
    this.isOver = true;
  }
}

/**
 * Keeps one proposal under way on every lane, each followed at once by the next: warms up, then counts what is
 * answered in the interval.
 * @throws FlotillaError as soon as one proposal fails
 */
export async function proposeLoad(node: RaftNode, load: ProposeLoad): Promise<LoadAnswer> {
  const histogram = new Histogram();
  const phase = new Phase();
  const lane = async (): Promise<void> => {
    while (!phase.isOver) {
      const begun = performance.now();
      await node.propose(payload);
      if (phase.isMeasured) histogram.record(performance.now() - begun);
    }
  };
  const ended = Promise.all(Array.from({ length: load.lanes }, lane)).finally(() => {
    phase.end();
  });
  await Promise.race([pause(load.warmUpMs), ended]);
  const from = { ms: performance.now(), cpu: cpuUs() };
  phase.measure();
  await Promise.race([pause(load.measureMs), ended]);
  phase.end();
  const answer = {
    applied: histogram.count,
    elapsedMs: performance.now() - from.ms,
    cpuUs: cpuUs() - from.cpu,
    histogram: histogram.toData(),
  };
  await ended;
  return answer;
}

/** Proposes over and over, as a client would, until a command of a term above `term` is applied; resolves with the moment, µs. */
export async function nextCommit(node: RaftNode, counter: Counter, term: number): Promise<number> {
  const applied = counter.commandAbove(term);
  const over = new AbortController();
  void applied.then(() => over.abort());
  // It fails for as long as nobody leads.
  while (!over.signal.aborted) await node.propose(payload).catch(() => pause(retryMs));
  return applied;
}
