import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { endWithTest } from "../../jepsen/src/processes/children.ts";

const folder = join(import.meta.dirname, "../../../examples");

/** Ends what hangs. */
const lateMs = 90_000;

export interface ExampleRun {
  readonly code: number | null;
  /** Both streams as they came. */
  readonly output: string;
  /** Of its source. */
  readonly lines: number;
}

/** Runs an example to its end; whatever it leaves behind is killed. */
export async function runExample(name: string, args: readonly string[]): Promise<ExampleRun> {
  const file = join(folder, name, "main.mjs");
  const child = spawn(process.execPath, [file, ...args], { detached: true, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  endWithTest(child, () => killGroup(child.pid));
  const late = setTimeout(() => killGroup(child.pid), lateMs);
  const code = await new Promise<number | null>((done) => child.once("close", done));
  clearTimeout(late);
  const source = await readFile(file, "utf8");
  return { code, output, lines: source.trimEnd().split("\n").length };
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}
