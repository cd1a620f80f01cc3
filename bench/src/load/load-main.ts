import type { LoadClient } from "../clients/client.ts";
import { openClient } from "../clients/open.ts";
import { closedLoop } from "./closed-loop.ts";
import type { Job, LoadResult } from "./job.ts";

async function perform(job: Job): Promise<LoadResult> {
  const { system, ports, connections } = job;
  const opening: Promise<LoadClient>[] = [];
  for (let k = 0; k < connections; k += 1) {
    const port = ports[k % ports.length];
    if (port !== undefined) opening.push(openClient(system, port));
  }
  const clients = await Promise.all(opening);
  const result = await closedLoop(clients, job);
  await Promise.all(clients.map((client) => client.close()));
  return result;
}

// The parent is this module's own launcher: what it sends is a job.
process.once("message", (job: Job) => {
  void perform(job).then(
    (result) => process.send?.(result, undefined, {}, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
