import { makePlan } from "../plan/make-plan.ts";
import { standardPlan } from "../plan/standard-plan.ts";
import { runPlan } from "./run-plan.ts";
import { spending, worldLine } from "./world-line.ts";

/** Which worlds seeds stand for: `makePlan` or `standardPlan`. */
export type Mix = "swarm" | "standard";

/** What the parent asks. */
export interface WorkerRequest {
  readonly seed: number;
  readonly mix: Mix;
}

function isRequest(value: unknown): value is WorkerRequest {
  return (
    typeof value === "object" &&
    value !== null &&
    "seed" in value &&
    typeof value.seed === "number" &&
    "mix" in value &&
    (value.mix === "swarm" || value.mix === "standard")
  );
}

/** Runs the worlds its parent asks for, one after another, until it hangs up. */
export function serveParent(): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    if (!isRequest(message)) return;
    run(message).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  });
}

async function run({ seed, mix }: WorkerRequest): Promise<void> {
  const spent = spending();
  const result = await runPlan(mix === "standard" ? standardPlan(seed) : makePlan(seed));
  process.send?.(worldLine(result, spent()));
}
