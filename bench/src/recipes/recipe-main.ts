import { replace } from "./keeper-load.ts";
import { takeOver } from "./shards-load.ts";
import { addUp } from "./counter-load.ts";
import { keepTime } from "./cron-load.ts";
import { passItems } from "./queue-load.ts";
import type { RecipeAnswers, RecipeJob } from "./requests.ts";

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

function begin(job: RecipeJob): Promise<RecipeAnswers[RecipeJob["type"]]> {
  switch (job.type) {
    case "counter":
      return addUp(job);
    case "queue":
      return passItems(job);
    case "cron":
      return keepTime(job);
    case "shards":
      return takeOver(job);
    default:
      return replace(job);
  }
}

// A parent that is gone wants nothing more.
process.once("disconnect", () => process.exit(1));
// The parent is this module's own launcher: the first message is a job.
process.once("message", (job: RecipeJob) => {
  void begin(job).then((answer) => process.send?.({ job: job.type, answer }), fail);
});
