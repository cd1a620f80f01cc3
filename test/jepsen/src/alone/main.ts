/** One run in a process of its own, which may be in a network of its own. Ends with whoever started it. */
import { once } from "node:events";
import { runPlan } from "../run/run-plan.ts";
import type { Said, Task } from "./words.ts";

/** Resolves once it is on its way. */
function say(word: Said): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(word, undefined, undefined, () => resolve());
  });
}

function orphaned(): never {
  process.exit(1);
}

async function main(): Promise<void> {
  process.once("disconnect", orphaned);
  const [{ plan, folder, network }] = (await once(process, "message")) as [Task];
  const report = await runPlan(plan, folder, network, () => void say({ type: "calm" }));
  await say({ type: "report", report });
  process.removeListener("disconnect", orphaned);
  process.disconnect();
}

await main();
