// Three processes keep four workers alive; one worker dies again and again, one process is killed. `npm run example -- auto-healer`
import { replicas } from "../support/replicas.mjs";

const apps = await replicas(new URL("app.mjs", import.meta.url));
/** Where each worker began last, and with which epoch. */
const workers = new Map();
let deaths = 0;
let wrong = 0;
let killed = null;
let missing = new Set();

for await (const { id, text } of apps.lines) {
  console.log(`${id}: ${text}`);
  const begun = /^worker (\d) begins with epoch (\d+)$/.exec(text);
  if (begun === null) continue;
  const [, index, epoch] = begun;
  const before = workers.get(index);
  if (before?.id === id && before.epoch === epoch) deaths += 1;
  else if (before !== undefined && Number(epoch) <= Number(before.epoch)) wrong += 1; // somewhere else: a later epoch
  workers.set(index, { id, epoch });
  if (id !== killed) missing.delete(index);
  if (killed === null && workers.size === 4 && deaths >= 2) {
    killed = workers.get("3").id;
    missing = new Set([...workers].filter(([, worker]) => worker.id === killed).map(([name]) => name));
    console.log(`kill -9 ${killed}, with workers ${[...missing].join(" ")}`);
    await apps.stop(killed, "SIGKILL");
  }
  if (killed !== null && missing.size === 0) break;
}
await apps.end();
console.log(wrong === 0 ? "all four work again" : `${wrong} began beside an earlier one`);
process.exitCode = wrong === 0 ? 0 : 1;
