// Runs an app in several processes, each a member of one cluster, on free ports and with data of its own.
import { fork } from "node:child_process";
import { EventEmitter, on, once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endWithThis, temporaryFolder } from "./leave-nothing.mjs";

/** Ports of this machine on which nobody listens. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/**
 * Starts `app` so many times; `lines` is what they all say, as it comes; `answer` answers what they send. One that ends
 * without being stopped ends them all.
 */
export async function replicas(app, count = 3, answer = () => {}) {
  const folder = temporaryFolder();
  const ports = await freePorts(2 * count);
  const members = ports.slice(count).map((port, k) => ({ id: `app-${k + 1}`, address: `127.0.0.1:${port}` }));
  const said = new EventEmitter();
  const running = new Map();
  const start = (id) => {
    const port = String(ports[members.findIndex((member) => member.id === id)]);
    const env = {
      ...process.env,
      ID: id,
      PORT: port,
      DATA: join(folder, id),
      MEMBERS: JSON.stringify(members),
    };
    const execArgv = ["--import", new URL("with-parent.mjs", import.meta.url).href];
    const child = endWithThis(fork(app, { env, execArgv, stdio: ["ignore", "pipe", "inherit", "ipc"] }));
    createInterface({ input: child.stdout }).on("line", (text) => said.emit("line", { id, text }));
    child.on("message", (message) => child.send(answer(message)));
    running.set(id, child);
    child.once("exit", (code, signal) => {
      if (running.get(id) !== child) return;
      console.error(`${id} ended by itself: ${signal ?? code}`);
      process.exit(1);
    });
  };
  /** Ends a process and waits for its end, which gives its exit code: SIGTERM asks, SIGKILL does not. */
  const stop = async (id, signal = "SIGTERM") => {
    const child = running.get(id);
    running.delete(id);
    return child?.kill(signal) ? (await once(child, "exit"))[0] : null;
  };
  const signal = (id, name) => running.get(id)?.kill(name);
  const lines = async function* () {
    for await (const [line] of on(said, "line")) yield line;
  };
  const end = () => Promise.all([...running.keys()].map((id) => stop(id)));
  const heard = lines();
  for (const { id } of members) start(id);
  return { members, ports: ports.slice(0, count), lines: heard, start, stop, signal, end };
}
