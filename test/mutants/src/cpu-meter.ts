import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

// Loaded into a process before anything else, with all its threads it tells at the end what it cost.
const folder = process.env["FLOTILLA_CPU_FOLDER"];
if (isMainThread && folder !== undefined) {
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(join(folder, `${process.pid}.cpu`), String((user + system) / 1000));
  });
}
