import type { Metric } from "@flotilla/coord";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Between two looks at the event loop, ms. */
const resolutionMs = 20;

/** Tells of the process in numbers, by the names that Prometheus gives them. Costs a timer until it is disposed of. */
export class ProcessMeter implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #startSeconds = Date.now() / 1e3 - process.uptime();

  constructor() {
    this.#delay.enable();
  }

  /** As of now; the stall is the longest since the call before. */
  read(): readonly Metric[] {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const stallSeconds = Math.max(0, this.#delay.max / 1e9 - resolutionMs / 1e3);
    this.#delay.reset();
    return [
      metric("process_cpu_seconds_total", "counter", "User and system time.", (user + system) / 1e6),
      metric("process_resident_memory_bytes", "gauge", "Resident memory.", rss),
      metric("process_start_time_seconds", "gauge", "Wall time of the start.", this.#startSeconds),
      metric("nodejs_heap_size_used_bytes", "gauge", "Heap in use.", heapUsed),
      metric(
        "nodejs_eventloop_stall_seconds",
        "gauge",
        "Longest stall of the event loop since the last scrape.",
        stallSeconds,
      ),
    ];
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}

function metric(name: string, type: "counter" | "gauge", help: string, value: number): Metric {
  return { name, help, type, samples: [{ labels: {}, value }] };
}
