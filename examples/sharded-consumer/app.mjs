// One of three consumers of a stream in eight shards. How far each shard was read stands in a row of SQL.
import { setTimeout as sleep } from "node:timers/promises";
import { fencedUpsert, FlotillaError, requireWritten, start } from "@flotilla/coord";
import { withSession } from "../support/with-session.mjs";

const { ID: id, DATA: dataDir, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap });

const asked = new Map();
process.on("message", ({ number, answer }) => asked.get(number)(answer));
/** Any driver of SQL does; this one asks the process that has the database. */
function sql(text, values) {
  const number = asked.size;
  process.send({ number, text, values });
  return new Promise((resolve) => asked.set(number, resolve));
}

async function consume(shard) {
  const key = { shard: shard.id };
  const write = async (set) =>
    requireWritten(
      (await sql(...Object.values(fencedUpsert({ table: "offsets", key, set }, shard)))).changed,
      shard,
    );
  await write({ consumer: id }); // from here on no write of an earlier owner counts
  const { rows } = await sql("SELECT taken FROM offsets WHERE shard = ?", [shard.id]);
  for (let taken = rows[0][0] ?? 0; !shard.draining.aborted; taken += 1) {
    await sleep(20); // the work on message number `taken`
    await write({ consumer: id, taken: taken + 1 });
  }
}

function tooLate(error) {
  if (!FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) throw error;
  console.log(`refused: ${error.message}`);
}

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const takePart = (coord) => {
  const shards = coord.shards("orders", { count: 8, drainMs: 500 });
  return shards.run((shard) => consume(shard).catch(tooLate), { signal: stop.signal });
};
await withSession(node, takePart, stop.signal);
await node.close();
process.disconnect();
