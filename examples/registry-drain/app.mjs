// One of three instances of an HTTP service that registers itself, and drains before it ends.
import { once } from "node:events";
import { createServer } from "node:http";
import { start } from "@flotilla/coord";
import { withSession } from "../support/with-session.mjs";

const { ID: id, DATA: dataDir, PORT: port, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap });

const server = createServer((_request, response) => {
  setTimeout(() => response.end(id), 20); // the work
}).listen(Number(port), "127.0.0.1");
await once(server, "listening");

const stop = new AbortController();
const service = { name: "api", address: "127.0.0.1", port: Number(port), drainMs: 300, check: { http: "/" } };
/** Registered until it is asked to end, and anew when that was lost, such as by a hang longer than the session's TTL. */
async function serve(coord) {
  const registration = await coord.registry.register(service, { signal: stop.signal });
  const over = AbortSignal.any([stop.signal, registration.signal]);
  if (!over.aborted) await once(over, "abort");
  // First nobody picks it any more; what was sent meanwhile is answered.
  if (stop.signal.aborted) await registration.deregister({ timeoutMs: 2_000 });
}
const serving = withSession(node, serve, stop.signal);

async function close() {
  stop.abort();
  await serving; // also without a majority to tell it to: the registration ends with its session then
  server.close();
  await once(server, "close");
  await node.close();
}
process.once("SIGTERM", () => void close());
