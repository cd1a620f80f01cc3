import { run } from "./cli/run.ts";

const interrupted = new AbortController();

function onSignal(): void {
  if (interrupted.signal.aborted) process.exit(130);
  interrupted.abort();
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);

void run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  interrupted: interrupted.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
