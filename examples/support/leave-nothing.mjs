// What an example starts and writes is gone when it ends, whether or not it was interrupted.
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

const left = new Set();

function atEnd(remove) {
  listen();
  left.add(remove);
}

let isListening = false;
function listen() {
  if (isListening) return;
  isListening = true;
  process.once("exit", () => {
    for (const remove of [...left].toReversed()) remove();
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(name, () => process.exit(128 + constants.signals[name]));
}

/** A folder of this run. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "flotilla-example-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return folder;
}

/** Ends a process with this one. */
export function endWithThis(child, signal = "SIGKILL") {
  const end = () => child.kill(signal);
  atEnd(end);
  child.once("exit", () => left.delete(end));
  return child;
}
