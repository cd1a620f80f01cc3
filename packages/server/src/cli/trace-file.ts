import { appendFileSync, closeSync, openSync } from "node:fs";
import { FlotillaError } from "@flotilla/runtime";

const mostWaitingBytes = 65_536;

/**
 * Adds records to a file as lines of JSON, those of a turn at once. It waits for each write, so that nothing is
 * missing but the last turn when the process dies. A file that cannot be written any more ends the trace, with a
 * line on standard error, not the member.
 */
export class TraceFile implements Disposable {
  readonly #path: string;
  #fd: number | null;
  #lines: string[] = [];
  #waitingBytes = 0;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` when the file cannot be opened */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, "a");
    } catch (cause) {
      throw new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", `trace: cannot write ${path}`, { cause });
    }
  }

  add(record: object): void {
    if (this.#fd === null) return;
    const line = `${JSON.stringify(record)}\n`;
    if (this.#lines.length === 0) setImmediate(() => this.#flush());
    this.#lines.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes > mostWaitingBytes) this.#flush();
  }

  [Symbol.dispose](): void {
    this.#flush();
    this.#close();
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#waitingBytes = 0;
    if (this.#fd === null || lines.length === 0) return;
    try {
      appendFileSync(this.#fd, lines.join(""));
    } catch (error) {
      this.#close();
      process.stderr.write(`the trace ends, ${this.#path} cannot be written: ${String(error)}\n`);
    }
  }

  #close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
