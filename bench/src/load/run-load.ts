import { fileURLToPath } from "node:url";
import type { Launch } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";
import type { Job, LoadResult } from "./job.ts";
import { isLoadResult } from "./job.ts";

const program = fileURLToPath(new URL("load-main.js", import.meta.url));

/** Does a job in a fresh process of its own. @throws Error when the load failed */
export async function runLoad(
  job: Job,
  launch: Launch,
  nodeArgs: readonly string[] = [],
): Promise<LoadResult> {
  const child = launch.node([...nodeArgs, program], { pin: "load", ipc: true, logFile: null });
  const answer = await ask(child, job);
  await child.exited;
  if (!isLoadResult(answer)) throw new Error("the load generator answered with something else");
  return answer;
}
