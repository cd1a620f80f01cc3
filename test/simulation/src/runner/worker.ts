import type { CoverageReport } from "../coverage/coverage.ts";
import type { Plan } from "../plan/plan.ts";
import { runPlan } from "./run-plan.ts";
import type { WorldLine } from "./world-line.ts";
import { spending, worldLine } from "./world-line.ts";

/** What the parent asks. */
export interface WorkerRequest {
  readonly plan: Plan;
}

/** What a world adds to what was covered. */
export interface Gain extends CoverageReport {
  readonly moments: Readonly<Record<string, number>>;
}

/** What the parent hears. */
export interface WorkerAnswer {
  readonly line: WorldLine;
  readonly gain: Gain;
}

/** Errors are ordinary in a world, and a stack costs six times what the error does. Its seed shows it, replayed alone. */
const stackFrames = 0;

function isRequest(value: unknown): value is WorkerRequest {
  return typeof value === "object" && value !== null && "plan" in value;
}

/** Runs the worlds its parent asks for, one after another, until it hangs up. */
export function serveParent(): void {
  Error.stackTraceLimit = stackFrames;
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    if (!isRequest(message)) return;
    run(message.plan).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
}

async function run(plan: Plan): Promise<void> {
  const spent = spending();
  const result = await runPlan(plan);
  const { moments, coverage } = result;
  const answer: WorkerAnswer = {
    line: worldLine(result, spent()),
    gain: { moments, ...coverage },
  };
  process.send?.(answer);
}
