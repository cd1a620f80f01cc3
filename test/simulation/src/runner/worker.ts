import { makePlan } from "../plan/make-plan.ts";
import { runPlan } from "./run-plan.ts";
import { worldLine } from "./world-line.ts";

/** What the parent asks. */
export interface WorkerRequest {
  readonly seed: number;
}

function isRequest(value: unknown): value is WorkerRequest {
  return typeof value === "object" && value !== null && "seed" in value && typeof value.seed === "number";
}

/** Runs the worlds its parent asks for, one after another, until it hangs up. */
export function serveParent(): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    if (!isRequest(message)) return;
    run(message.seed).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
}

async function run(seed: number): Promise<void> {
  const startMs = performance.now();
  const result = await runPlan(makePlan(seed));
  process.send?.(worldLine(result, performance.now() - startMs));
}
