// Calls a service of three instances through a rolling restart and a crash; no call fails. `npm run example -- registry-drain`
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@flotilla/coord";
import { replicas } from "../support/replicas.mjs";

const apps = await replicas(new URL("app.mjs", import.meta.url));
const endpoints = apps.members.map(({ address }) => address);
const coord = await connect({ endpoints, connectTimeoutMs: 60_000 });
const api = await coord.registry.service("api");
await api.ready(3, { timeoutMs: 60_000 });

const answered = new Map();
let failed = 0;
const over = new AbortController();
const get = async ({ address, port }, signal) =>
  (await fetch(`http://${address}:${port}`, { signal })).text();
async function call() {
  while (!over.signal.aborted) {
    try {
      const id = await api.use(get, { tries: 3 }); // fails there: another instance
      answered.set(id, (answered.get(id) ?? 0) + 1);
    } catch (error) {
      failed += 1;
      console.log(`failed: ${error.message}`);
    }
  }
}
const calls = Array.from({ length: 8 }, call);

for (const { id } of apps.members) {
  console.log(`${id} restarts`);
  await apps.stop(id);
  apps.start(id);
  await api.ready(3, { timeoutMs: 60_000 });
}
const [{ id }, { id: hung }, { id: last }] = apps.members;
console.log(`${hung} hangs`);
apps.signal(hung, "SIGSTOP");
while (api.instances.length > 2) await sleep(50);
apps.signal(hung, "SIGCONT");
await api.ready(3, { timeoutMs: 60_000 });
console.log(`kill -9 ${id}`);
await apps.stop(id, "SIGKILL");
await sleep(3_000);
over.abort();
await Promise.all(calls);
const counts = [...answered].map(([id, count]) => `${id} ${count}`).toSorted();
console.log(`answered by ${counts.join(", ")}; ${failed} failed`);
await coord.close();
const ends = [await apps.stop(hung), await apps.stop(last)]; // the last one without a majority
console.log(`ended with ${ends.join(" and ")}`);
process.exitCode = failed === 0 && answered.size === 3 && ends.every((code) => code === 0) ? 0 : 1;
