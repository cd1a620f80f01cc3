import type { ChildProcess } from "node:child_process";

/** Processes that tests started and that have not ended, with how to end each. */
const running = new Map<ChildProcess, () => void>();

function endAll(): void {
  for (const end of running.values()) end();
}

process.once("exit", endAll);
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    endAll();
    process.kill(process.pid, signal);
  });

/** Has a process killed with the test that started it, also when the test runs out of time and disposes of nothing. */
export function endWithTest(child: ChildProcess, end: () => void = () => void child.kill("SIGKILL")): void {
  running.set(child, end);
  child.once("exit", () => running.delete(child));
  child.once("error", () => running.delete(child));
}

/** Notes what runs now; the result ends whatever was started since and still runs. */
export function fromNowOn(): () => void {
  const before = new Set(running.keys());
  return () => {
    for (const [child, end] of running) if (!before.has(child)) end();
  };
}
