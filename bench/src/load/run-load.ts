import { fileURLToPath } from "node:url";
import { within } from "../systems/patience.ts";
import type { Launch } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import type { Job, LoadResult } from "./job.ts";
import { isLoadResult } from "./job.ts";

/** Opening, filling what is under way, and closing. */
const patienceMs = 90_000;
const program = fileURLToPath(new URL("load-main.js", import.meta.url));

/** Does a job in a fresh process of its own. @throws Error when the load failed, or hangs */
export async function runLoad(
  job: Job,
  launch: Launch,
  nodeArgs: readonly string[] = [],
): Promise<LoadResult> {
  const child = launch.node([...nodeArgs, program], { pin: "load", ipc: true, logFile: null });
  try {
    const answer = await ask(child, job, job.warmUpMs + job.measureMs + patienceMs);
    await within(child.exited, patienceMs, "the load generator to end");
    if (!isLoadResult(answer)) throw new Error("the load generator answered with something else");
    return answer;
  } finally {
    child.child.kill("SIGKILL");
  }
}
