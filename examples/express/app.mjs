// One of three instances of an app.
import { start } from "@flotilla/coord";
import express from "express";
import { cleanup, everySecond } from "../support/cleanup-job.mjs";
import { onTick } from "../support/singleton.mjs";

const { ID: id, DATA: dataDir, PORT: port, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap });

const app = express();
app.get("/", async (_request, response) => {
  response.json(await node.cron(everySecond.name, everySecond).history({ limit: 10 }));
});
app.get("/readyz", async (_request, response) => {
  const { ready, problems } = await node.health();
  response.status(ready ? 200 : 503).json({ ready, problems });
});
const server = app.listen(Number(port));

const stop = new AbortController();
const job = onTick(node, everySecond, cleanup, stop.signal);
async function close() {
  server.close();
  stop.abort(); // the others take up the ticks from here on
  await job;
  await node.close();
}
process.once("SIGTERM", () => void close());
