import { median } from "../peers/summary.ts";

/** A piece of work small enough to be repeated many times. */
export interface Micro {
  readonly name: string;
  /** What one operation is. */
  readonly of: string;
  /** Builds what is needed, untimed; then each call does `operations` of them. */
  prepare(folder: string): Prepared | Promise<Prepared>;
}

export interface Prepared {
  /** Operations of one call. */
  readonly operations: number;
  readonly run: () => void | Promise<void>;
  readonly close?: () => Promise<void>;
}

export interface MicroResult {
  readonly name: string;
  readonly of: string;
  /** µs an operation: the median of the samples, and the lowest. */
  readonly medianUs: number;
  readonly leastUs: number;
  /** CPU of the whole process, µs an operation, median: what is left when others hold the cores. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

const samples = 7;
const sampleMs = 250;
const warmUpMs = 400;

interface Sample {
  readonly us: number;
  readonly cpuUs: number;
}

async function sample({ operations, run }: Prepared, forMs: number): Promise<Sample> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let done = 0;
  let now = begun;
  while (now - begun < forMs) {
    const pending = run();
    if (pending !== undefined) await pending;
    done += operations;
    now = performance.now();
  }
  const { user, system } = process.cpuUsage(cpu);
  return { us: ((now - begun) * 1000) / done, cpuUs: (user + system) / done };
}

/** Repeats one piece of work until its time is known. */
export async function measure(micro: Micro, folder: string): Promise<MicroResult> {
  const prepared = await micro.prepare(folder);
  await sample(prepared, warmUpMs);
  const found: Sample[] = [];
  for (let k = 0; k < samples; k += 1) found.push(await sample(prepared, sampleMs));
  await prepared.close?.();
  const medianUs = median(found.map(({ us }) => us));
  const leastUs = Math.min(...found.map(({ us }) => us));
  const cpuUs = median(found.map(({ cpuUs }) => cpuUs));
  const { name, of } = micro;
  return { name, of, medianUs, leastUs, cpuUs, perSecond: 1e6 / medianUs };
}
