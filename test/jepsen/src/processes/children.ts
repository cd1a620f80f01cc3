import type { ChildProcess } from "node:child_process";

/** Processes that tests started and that have not ended, with how to end each. */
const running = new Map<ChildProcess, () => void>();

/** What is to be removed once they are gone. */
const leftovers = new Set<() => void>();

function endAll(): void {
  for (const end of running.values()) end();
  for (const remove of leftovers) remove();
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

/** Has something removed when the process ends before it was removed in order; the result takes that back. */
export function removeAtEnd(remove: () => void): () => void {
  leftovers.add(remove);
  return () => leftovers.delete(remove);
}

/** Notes what runs now; the result ends whatever was started since and still runs. */
export function fromNowOn(): () => void {
  const before = new Set(running.keys());
  return () => {
    for (const [child, end] of running) if (!before.has(child)) end();
  };
}
