import type { MicroOptions } from "../arguments.ts";
import { figure, table } from "../report/tables.ts";
import { codecMicros } from "./codec-micros.ts";
import { coreMicros } from "./core-micros.ts";
import { kvMicros } from "./kv-micros.ts";
import { logMicros } from "./log-micros.ts";
import type { MicroResult } from "./measure.ts";
import { measure } from "./measure.ts";

/** Measures the small pieces one by one, those whose names contain a wanted part. */
export async function runMicro(
  options: MicroOptions,
  folder: string,
  out: (line: string) => void,
): Promise<void> {
  const { only, json } = options;
  const wanted = [...coreMicros, ...kvMicros, ...codecMicros, ...logMicros].filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  if (wanted.length === 0) throw new RangeError(`--only: nothing is called ${only.join(" or ")}`);
  const results: MicroResult[] = [];
  for (const micro of wanted) {
    const result = await measure(micro, folder);
    results.push(result);
    if (json) out(JSON.stringify({ type: "micro", ...result }));
  }
  if (json) return;
  const lines = results.map((each) => [
    each.name,
    each.of,
    figure(each.medianUs),
    figure(each.leastUs),
    figure(each.cpuUs),
    figure(each.perSecond),
  ]);
  out(table(["piece", "an operation is", "µs", "least", "CPU µs", "/s"], lines));
}
