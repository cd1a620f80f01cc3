// One of three processes that keep four workers alive among them. Each worker is a thread, so that it ends with its process.
import { start, threadDriver } from "@flotilla/coord";
import { withSession } from "../support/with-session.mjs";

const { ID: id, DATA: dataDir, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap });

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const driver = threadDriver(new URL("worker.mjs", import.meta.url));
const keep = (coord) =>
  coord.keeper("workers", { replicas: 4, driver, value: id, drainMs: 1_000 }).run({ signal: stop.signal });
await withSession(node, keep, stop.signal);
await node.close();
process.disconnect();
