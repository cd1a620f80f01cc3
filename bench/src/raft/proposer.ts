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

/**
 * Keeps one proposal under way on every lane, each followed at once by the next: warms up, then counts what is
 * answered in the interval.
 * @throws FlotillaError as soon as one proposal fails
 */
export async function proposeLoad(node: RaftNode, load: ProposeLoad): Promise<LoadAnswer> {
  const histogram = new Histogram();
  let measuring = false;
  let stopped = false;
  const lane = async (): Promise<void> => {
    while (!stopped) {
      const begun = performance.now();
      await node.propose(payload);
      if (measuring) histogram.record(performance.now() - begun);
    }
  };
  const ended = Promise.all(Array.from({ length: load.lanes }, lane)).finally(() => {
    stopped = true;
  });
  await Promise.race([pause(load.warmUpMs), ended]);
  const from = { ms: performance.now(), cpu: cpuUs() };
  measuring = true;
  await Promise.race([pause(load.measureMs), ended]);
  measuring = false;
  const answer = {
    applied: histogram.count,
    elapsedMs: performance.now() - from.ms,
    cpuUs: cpuUs() - from.cpu,
    histogram: histogram.toData(),
  };
  stopped = true;
  await ended;
  return answer;
}

/** Proposes over and over, as a client would, until a command of a term above `term` is applied; resolves with the moment, µs. */
export async function nextCommit(node: RaftNode, counter: Counter, term: number): Promise<number> {
  let atUs: number | null = null;
  const applied = counter.commandAbove(term).then((moment) => {
    atUs = moment;
    return moment;
  });
  while (atUs === null) {
    // It fails for as long as nobody leads.
    await node.propose(payload).catch(() => pause(retryMs));
  }
  return applied;
}
