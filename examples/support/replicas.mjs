// Runs an app in several processes, each a member of one cluster, on free ports and with data of its own.
import { fork } from "node:child_process";
import { EventEmitter, on, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Ports of this machine on which nobody listens. */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Starts `app` so many times; `lines` is what they all say, as it comes; `answer` answers what they send. */
export async function replicas(app, count = 3, answer = () => {}) {
  const folder = await mkdtemp(join(tmpdir(), "flotilla-example-"));
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
    const child = fork(app, { env, execArgv, stdio: ["ignore", "pipe", "inherit", "ipc"] });
    createInterface({ input: child.stdout }).on("line", (text) => said.emit("line", { id, text }));
    child.on("message", (message) => child.send(answer(message)));
    running.set(id, child);
  };
  /** Ends a process and waits for its end: SIGTERM asks, SIGKILL does not. */
  const stop = async (id, signal = "SIGTERM") => {
    const child = running.get(id);
    running.delete(id);
    if (child !== undefined && child.kill(signal)) await once(child, "exit");
  };
  const signal = (id, name) => running.get(id)?.kill(name);
  const lines = async function* () {
    for await (const [line] of on(said, "line")) yield line;
  };
  const end = async () => {
    await Promise.all([...running.keys()].map((id) => stop(id)));
    await rm(folder, { recursive: true, force: true });
  };
  const heard = lines();
  for (const { id } of members) start(id);
  return { members, ports: ports.slice(0, count), lines: heard, start, stop, signal, end };
}
