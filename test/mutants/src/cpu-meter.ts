import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const looksMs = 500;
// Loaded into a process before anything else, with all its threads it tells at the end what it cost, and ends it when
// that is more than it may.
const folder = process.env["FLOTILLA_CPU_FOLDER"];
const mostMs = Number(process.env["FLOTILLA_CPU_MOST_MS"] ?? Infinity);

function spentMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

if (isMainThread && folder !== undefined) {
  const tell = (): void => writeFileSync(join(folder, `${process.pid}.cpu`), String(spentMs()));
  process.on("exit", tell);
  const timer = setInterval(() => {
    if (spentMs() <= mostMs) return;
    tell();
    process.kill(process.pid, "SIGKILL");
  }, looksMs);
  timer.unref();
}
