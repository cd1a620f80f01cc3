// Runs an app in three processes and kills whoever does its job: others go on with it, and nothing is done twice.
import { replicas } from "./replicas.mjs";

/** `jobs` are the first words of what the app says when it does a job; whoever did one last is killed, and started again. */
export async function showSingleton(main, app = "app.mjs", jobs = ["tick"]) {
  const apps = await replicas(new URL(app, main));
  const done = [];
  const by = new Map();
  const ticks = () => done.filter((text) => text.startsWith("tick")).length;
  async function until(isSo) {
    while (!isSo()) {
      const { id, text } = (await apps.lines.next()).value;
      console.log(`${id}: ${text}`);
      done.push(text);
      by.set(text.split(" ")[0], id);
    }
  }

  for (const job of jobs) {
    await until(() => ticks() >= 3 && by.has(job));
    const id = by.get(job);
    console.log(`kill -9 ${id}`);
    await apps.stop(id, "SIGKILL");
    const before = ticks();
    await until(() => ticks() >= before + 3 && by.get(job) !== id);
    apps.start(id);
  }
  await apps.end();
  const twice = done.filter((text, k) => done.indexOf(text) < k);
  console.log(twice.length === 0 ? `${ticks()} ticks, each once` : `done twice: ${twice.join(", ")}`);
  process.exitCode = twice.length === 0 ? 0 : 1;
}
