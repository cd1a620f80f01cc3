import { answerDelays } from "../embedded/loop-delay.ts";
import { hold } from "./hold.ts";
import type { TrialAnswers, TrialJob } from "./messages.ts";
import { nextWrite } from "./next-write.ts";
import { openSessions } from "./sessions.ts";

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

async function begin(job: TrialJob): Promise<TrialAnswers[TrialJob["type"]]> {
  switch (job.type) {
    case "next-write":
      return nextWrite(job);
    case "hold":
      return hold(job);
    case "sessions":
      return openSessions(job);
    default:
      answerDelays();
      return { open: 0 };
  }
}

// A parent that is gone wants nothing more.
process.once("disconnect", () => process.exit(1));
// The parent is this module's own launcher: the first message is a job.
process.once("message", (job: TrialJob) => {
  void begin(job).then((answer) => process.send?.({ job: job.type, answer }), fail);
});
