// Deploys from several shells at once, one of which loses its lock. `npm run example -- deploy-lock`
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endWithThis, temporaryFolder } from "../support/leave-nothing.mjs";
import { freePorts } from "../support/replicas.mjs";

const flotilla = join(import.meta.dirname, "../../packages/server/bin/flotilla.mjs");
const folder = temporaryFolder();
const endpoints = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
const bootstrap = endpoints.map((address, k) => `n${k + 1}=${address}`).join(",");
const env = { ...process.env, FLOTILLA_ENDPOINTS: endpoints.join(","), FLOTILLA_TIMEOUT: "30s" };
const run = (args, signal) => {
  const child = spawn(process.execPath, [flotilla, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  return endWithThis(child, signal);
};
const servers = endpoints.map((listen, k) => {
  const id = `n${k + 1}`;
  const flags = ["--id", id, "--data-dir", join(folder, id), "--listen", listen, "--bootstrap", bootstrap];
  return run(["serve", ...flags]);
});

/** A shell in which somebody types it; `flotilla` stands for the command of the package there. */
const log = [];
function deploy(version, seconds) {
  const script = `flotilla() { "${process.execPath}" "${flotilla}" "$@"; }; . "$0"`;
  const command = ["sh", "-c", script, join(import.meta.dirname, "deploy.sh"), version, String(seconds)];
  const flags = ["--wait", "60s", "--session-ttl", "2s"];
  const child = run(["lock", "deploy", ...flags, "--", ...command], "SIGTERM"); // it ends its command
  createInterface({ input: child.stdout }).on("line", (line) => log.push(line) && console.log(line));
  return child;
}

const quick = [41, 42, 43].map((version) => deploy(version, 0.5));
await Promise.all(quick.map((child) => once(child, "close")));
const hung = deploy(44, 8);
while (!log.includes("44 begins")) await once(hung.stdout, "data");
console.log("kill -9 of the shell of 44, whose script runs on");
hung.kill("SIGKILL");
await Promise.all([once(deploy(45, 0.5), "close"), once(hung, "close")]);

for (const server of servers) server.kill();
await Promise.all(servers.map((server) => once(server, "exit")));
const isApart = [0, 2, 4].every((k) => log[k + 1] === `${log[k].split(" ")[0]} is deployed`);
const isFenced = log.slice(6).join() === "44 begins,45 begins,45 is deployed,44 came too late";
console.log(isApart && isFenced ? "one at a time, and no late one counts" : "something went wrong");
process.exitCode = isApart && isFenced ? 0 : 1;
