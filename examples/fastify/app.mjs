// One of three instances of an app. What is Flotilla's in it is a plugin of twenty lines.
import { start } from "@flotilla/coord";
import Fastify from "fastify";
import { cleanup, everySecond } from "../support/cleanup-job.mjs";
import { onTick } from "../support/singleton.mjs";

/** Makes the app a member of the cluster; `app.cron(options, job)` does a job once in all apps at each tick. */
async function flotilla(app, options) {
  const node = await start(options);
  const stop = new AbortController();
  const jobs = [];
  app.decorate("flotilla", node);
  app.decorate("cron", (schedule, job) => {
    jobs.push(onTick(node, schedule, job, stop.signal).catch((error) => app.log.error(error)));
  });
  app.addHook("onClose", async () => {
    stop.abort(); // the others take up the ticks from here on
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
app.get("/", async () => app.flotilla.cron(everySecond.name, everySecond).history({ limit: 10 }));
app.get("/readyz", async (_request, reply) => {
  const { ready, problems } = await app.flotilla.health();
  return reply.code(ready ? 200 : 503).send({ ready, problems });
});
await app.listen({ port: Number(port) });
app.cron(everySecond, cleanup);
process.once("SIGTERM", () => void app.close());
