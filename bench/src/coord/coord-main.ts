import { takePart } from "./holder.ts";
import { alone, turns } from "./lock-load.ts";
import { openSessions } from "./many-sessions.ts";
import type { CoordAnswers, CoordJob } from "./requests.ts";

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

function begin(job: CoordJob): Promise<CoordAnswers[CoordJob["type"]]> {
  switch (job.type) {
    case "alone":
      return alone(job);
    case "turns":
      return turns(job);
    case "sessions":
      return openSessions(job);
    default:
      return takePart(job, fail);
  }
}

// A parent that is gone wants nothing more.
process.once("disconnect", () => process.exit(1));
// The parent is this module's own launcher: the first message is a job.
process.once("message", (job: CoordJob) => {
  void begin(job).then((answer) => process.send?.({ request: job.type, answer }), fail);
});
