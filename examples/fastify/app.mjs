// One of three instances of an app. What is Flotilla's in it is a plugin of twenty lines.
import { start } from "@flotilla/coord";
import Fastify from "fastify";
import { cleanup } from "../support/cleanup-job.mjs";
import { onLeader } from "../support/on-leader.mjs";

/** Makes the app a member of the cluster; `app.onLeader(name, job)` runs a job in one of all apps. */
async function flotilla(app, options) {
  const node = await start(options);
  const stop = new AbortController();
  const jobs = [];
  app.decorate("flotilla", node);
  app.decorate("onLeader", (name, job) => {
    jobs.push(onLeader(node, name, job, stop.signal).catch((error) => app.log.error(error)));
  });
  app.addHook("onClose", async () => {
    stop.abort(); // the next one leads at once
    await Promise.all(jobs);
    await node.close();
  });
}
flotilla[Symbol.for("skip-override")] = true; // as fastify-plugin does: for the whole app

const { ID: id, DATA: dataDir, PORT: port, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;

const app = Fastify();
await app.register(flotilla, { id, dataDir, listen, bootstrap });
app.get("/", async () => ({ leader: (await app.flotilla.election("cleanup").leader())?.id ?? null }));
app.get("/readyz", async (_request, reply) => {
  const { ready, problems } = await app.flotilla.health();
  return reply.code(ready ? 200 : 503).send({ ready, problems });
});
await app.listen({ port: Number(port) });
app.onLeader("cleanup", cleanup);
process.once("SIGTERM", () => void app.close());
