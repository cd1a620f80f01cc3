import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { endWithTest } from "../processes/children.ts";
import { inNetworkOfItsOwn } from "../processes/hub.ts";
import type { RunReport } from "../report/report.ts";
import type { Said, Task } from "./words.ts";

const script = resolve(import.meta.dirname, "../../dist/alone/main.js");

export interface AloneOptions {
  /** Whether nobody else is to be in its network. */
  readonly isApart: boolean;
  /** Called when all faults are over. */
  readonly onCalm: () => void;
}

/** Runs a plan in a process of its own. @throws Error when that ends without a report */
export async function runAlone(task: Task, { isApart, onCalm }: AloneOptions): Promise<RunReport> {
  const command = [process.execPath, script];
  const [program = "", ...words] = isApart ? inNetworkOfItsOwn(command) : command;
  // Only reports go to our standard output, which machines may read.
  const child = spawn(program, words, { stdio: ["ignore", process.stderr, "inherit", "ipc"] });
  endWithTest(child, () => void child.kill("SIGTERM"));
  let report: RunReport | undefined;
  child.on("message", (word: Said) => {
    if (word.type === "calm") onCalm();
    else ({ report } = word);
  });
  child.send(task);
  // Not `exit`, which may come before the last word.
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (report === undefined) throw new Error(`${task.plan.name} came to nothing: ${code ?? signal}`);
  return report;
}
