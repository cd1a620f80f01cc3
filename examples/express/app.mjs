// One of three instances of an app.
import { start } from "@flotilla/coord";
import express from "express";
import { cleanup } from "../support/cleanup-job.mjs";
import { onLeader } from "../support/on-leader.mjs";

const { ID: id, DATA: dataDir, PORT: port, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap });

const app = express();
app.get("/", async (_request, response) => {
  const leader = await node.election("cleanup").leader();
  response.json({ leader: leader?.id ?? null });
});
app.get("/readyz", async (_request, response) => {
  const { ready, problems } = await node.health();
  response.status(ready ? 200 : 503).json({ ready, problems });
});
const server = app.listen(Number(port));

const stop = new AbortController();
const job = onLeader(node, "cleanup", cleanup, stop.signal);
async function close() {
  server.close();
  stop.abort(); // the next one leads at once
  await job;
  await node.close();
}
process.once("SIGTERM", () => void close());
