import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";
import type { Times } from "./messages.ts";

function timesOf(sorted: readonly number[]): Times {
  const at = (quantile: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
  return { count: sorted.length, p50Ms: at(0.5), p999Ms: at(0.999), maxMs: sorted.at(-1) ?? 0 };
}

/**
 * How long pieces of work took by themselves. Each counts as the lesser of the time that passed and the CPU that the
 * process used meanwhile: both are upper bounds, and the latter does not grow when others hold the cores.
 */
export class OwnTimes {
  readonly #ms: number[] = [];

  run<T>(work: () => T): T {
    const cpu = process.cpuUsage();
    const begun = performance.now();
    const result = work();
    const wallMs = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpu);
    this.#ms.push(Math.min(wallMs, (user + system) / 1000));
    return result;
  }

  get times(): Times {
    return timesOf(this.#ms.toSorted((a, b) => a - b));
  }
}

/** How late the event loop is, sampled every millisecond, while it is on. */
export class LoopDelay {
  readonly #periods: Times[] = [];
  #current: IntervalHistogram | null = null;

  /** A histogram that is switched on again would take the time it was off for a delay: each period has its own. */
  on(): void {
    this.off();
    this.#current = monitorEventLoopDelay({ resolution: 1 });
    this.#current.enable();
  }

  off(): void {
    const histogram = this.#current;
    this.#current = null;
    histogram?.disable();
    if (histogram === null || histogram.count === 0) return;
    const at = (percent: number): number => histogram.percentile(percent) / 1e6;
    this.#periods.push({
      count: histogram.count,
      p50Ms: at(50),
      p999Ms: at(99.9),
      maxMs: histogram.max / 1e6,
    });
  }

  /** Of all periods until it was switched off last; each quantile is that of the worst. */
  get times(): Times {
    const worst = (of: keyof Times): number => Math.max(0, ...this.#periods.map((period) => period[of]));
    const count = this.#periods.reduce((sum, period) => sum + period.count, 0);
    return { count, p50Ms: worst("p50Ms"), p999Ms: worst("p999Ms"), maxMs: worst("maxMs") };
  }
}
