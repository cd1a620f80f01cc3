// Runs the app of an example in three processes, kills whichever does the job, and looks whether each tick came once.
import { replicas } from "./replicas.mjs";

export async function showSingleton(main, app = "app.mjs") {
  const apps = await replicas(new URL(app, main));
  const ticks = [];
  let killed;
  for await (const { id, text } of apps.lines) {
    console.log(`${id}: ${text}`);
    const tick = /^tick (\d+)/.exec(text);
    if (tick === null) continue;
    ticks.push(Number(tick[1]));
    if (ticks.length === 3) {
      killed = id;
      console.log(`kill -9 ${id}`);
      await apps.stop(id, "SIGKILL");
    }
    if (ticks.length >= 6 && id !== killed) break;
  }
  await apps.end();
  const isOnce = ticks.every((tick, k) => k === 0 || tick > ticks[k - 1]);
  console.log(isOnce ? `${ticks.length} ticks, each once` : `some ticks came twice: ${ticks.join(" ")}`);
  process.exitCode = isOnce ? 0 : 1;
}
