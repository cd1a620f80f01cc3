// Three consumers share a stream in eight shards; one hangs, one is killed. `npm run example -- sharded-consumer`
import { setTimeout as sleep } from "node:timers/promises";
import initSqlJs from "sql.js";
import { replicas } from "../support/replicas.mjs";

const { Database } = await initSqlJs();
const database = new Database();
database.run("CREATE TABLE offsets (shard INTEGER PRIMARY KEY, consumer TEXT, taken INTEGER, epoch INTEGER)");
const offsets = () =>
  new Map(database.exec("SELECT shard, COALESCE(taken, 0) FROM offsets ORDER BY shard")[0]?.values);

let wrong = 0;
function answer({ number, text, values }) {
  const before = offsets();
  const rows = database.exec(text, values)[0]?.values ?? [];
  const changed = database.getRowsModified();
  for (const [shard, taken] of offsets()) if (![0, 1].includes(taken - (before.get(shard) ?? 0))) wrong += 1;
  return { number, answer: { rows, changed } };
}

const apps = await replicas(new URL("app.mjs", import.meta.url), 3, answer);
void (async () => {
  for await (const { id, text } of apps.lines) console.log(`${id}: ${text}`);
})();

/** Waits until every shard was read so much further. */
async function progress(messages) {
  const from = offsets();
  const isThere = () => {
    const now = offsets();
    return now.size === 8 && [...now].every(([shard, taken]) => taken >= (from.get(shard) ?? 0) + messages);
  };
  while (!isThere()) await sleep(50);
  console.log(`taken: ${[...offsets().values()].join(" ")}`);
}

await progress(20);
const [{ id: hung }, { id: killed }] = apps.members;
console.log(`${hung} hangs`);
apps.signal(hung, "SIGSTOP");
await progress(20);
console.log(`${hung} goes on`);
apps.signal(hung, "SIGCONT");
await progress(20);
console.log(`kill -9 ${killed}`);
await apps.stop(killed, "SIGKILL");
await progress(20);
await apps.end();
console.log(wrong === 0 ? "each message was taken once" : `${wrong} were taken twice or not at all`);
process.exitCode = wrong === 0 ? 0 : 1;
