const seen: unknown[] = [];
let isListening = false;

/** Promises that were rejected with nobody to hear it, since the last call: from the first on they end no process. */
export function takeRejections(): readonly unknown[] {
  if (!isListening) process.on("unhandledRejection", (reason) => void seen.push(reason));
  isListening = true;
  return seen.splice(0);
}
