import { fileURLToPath } from "node:url";
import type { Site } from "../systems/cluster.ts";
import { ask } from "../systems/launch.ts";
import { answersRecipe } from "./requests.ts";
import type { RecipeAnswers, RecipeJob } from "./requests.ts";

/** Besides what is measured: nothing takes so long, however busy the machine. */
const patienceMs = 300_000;

const program = fileURLToPath(new URL("recipe-main.js", import.meta.url));

/** Has a process of its own do a job. @throws Error when it ends before it answered, or does not answer in time */
export async function recipeJob<T extends RecipeJob["type"]>(
  { launch }: Site,
  job: Extract<RecipeJob, { readonly type: T }>,
): Promise<RecipeAnswers[T]> {
  const launched = launch.node([program], { pin: "load", ipc: true, logFile: null });
  const measureMs = "measureMs" in job ? job.warmUpMs + job.measureMs : 0;
  const answer = await ask(launched, job, measureMs + patienceMs);
  await launched.stop();
  if (!answersRecipe<T>(job.type, answer)) throw new Error("the process answered with something else");
  return answer.answer;
}
