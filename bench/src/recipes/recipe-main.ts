import { addUp } from "./counter-load.ts";
import { passItems } from "./queue-load.ts";
import type { RecipeAnswers, RecipeJob } from "./requests.ts";

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

function begin(job: RecipeJob): Promise<RecipeAnswers[RecipeJob["type"]]> {
  return job.type === "counter" ? addUp(job) : passItems(job);
}

// A parent that is gone wants nothing more.
process.once("disconnect", () => process.exit(1));
// The parent is this module's own launcher: the first message is a job.
process.once("message", (job: RecipeJob) => {
  void begin(job).then((answer) => process.send?.({ job: job.type, answer }), fail);
});
