import { exitCodes } from "./cli/exit-codes.ts";
import { run } from "./cli/run.ts";

const interrupted = new AbortController();

/** What comes again within this is the same one: it was sent to a whole group, and whoever runs this passes it on. */
const sameMs = 500;
let first: { readonly name: NodeJS.Signals; readonly atMs: number } | null = null;

function onSignal(name: NodeJS.Signals): void {
  if (first === null) first = { name, atMs: performance.now() };
  else if (name !== first.name || performance.now() - first.atMs > sameMs) process.exit(exitCodes.hurried);
  interrupted.abort();
}

/** What was written last gets so long to be read once all is done. */
const lastReadMs = 2_000;

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);

void run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  interrupted: interrupted.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
  // What is still unread was waited for in vain, or is a server's: a reader that hangs would keep the process for as long.
  setTimeout(() => process.exit(), lastReadMs).unref();
});
