import { start } from "@flotilla/coord";

const [dataDir = "", listen = ""] = process.argv.slice(2);
const begun = performance.now();
const node = await start({ id: "n1", dataDir, listen, bootstrap: [{ id: "n1", address: listen }] });
await node.session.put("/first", "");
const elapsedMs = performance.now() - begun;
await node.close();
process.stdout.write(`${JSON.stringify({ ms: elapsedMs })}\n`);
