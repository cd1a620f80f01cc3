import { fdatasync, openSync, write } from "node:fs";

/**
 * A file that only grows. Whatever is added while a sync is under way goes into the next: group commit
 * without timers, as everything that is measured here does it.
 */
export class AppendFile {
  readonly #fd: number;
  readonly #onDurable: (bytes: number) => void;
  #waiting: Buffer[] = [];
  #durable = 0;
  #busy = false;

  /** `onDurable` hears the length of the file that is safe, after each sync. */
  constructor(path: string, onDurable: (bytes: number) => void) {
    this.#fd = openSync(path, "a");
    this.#onDurable = onDurable;
  }

  add(bytes: Buffer): void {
    this.#waiting.push(bytes);
    if (!this.#busy) this.#flush();
  }

  #flush(): void {
    const batch = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#busy = true;
    write(this.#fd, batch, (failure, written) => {
      if (failure !== null || written !== batch.length) throw failure ?? new Error("a short write");
      fdatasync(this.#fd, (error) => {
        if (error !== null) throw error;
        this.#busy = false;
        this.#durable += batch.length;
        this.#onDurable(this.#durable);
        if (this.#waiting.length > 0 && !this.#isBusy()) this.#flush();
      });
    });
  }

  // What hears of the sync may have added more, and so begun the next.
  #isBusy(): boolean {
    return this.#busy;
  }
}
