// One of three instances of an HTTP service that registers itself, and drains before it ends.
import { once } from "node:events";
import { createServer } from "node:http";
import { start } from "@flotilla/coord";

const { ID: id, DATA: dataDir, PORT: port, MEMBERS: members } = process.env;
const bootstrap = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id).address;
const node = await start({ id, dataDir, listen, bootstrap, sessionTtlMs: 1_500 });

const server = createServer((_request, response) => {
  setTimeout(() => response.end(id), 20); // the work
}).listen(Number(port), "127.0.0.1");
await once(server, "listening");
const service = { name: "api", address: "127.0.0.1", port: Number(port), drainMs: 300 };
const registration = await node.registry.register({ ...service, check: { http: "/" } });

async function close() {
  await registration.deregister(); // first nobody picks it any more; what was sent meanwhile is answered
  server.close();
  await once(server, "close");
  await node.close();
}
process.once("SIGTERM", () => void close());
