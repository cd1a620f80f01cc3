import type { Clock, Files, OpenFile } from "@flotilla/runtime";

/** Tells how long a disk has owed an answer. */
export class Waits {
  readonly #clock: Pick<Clock, "now">;
  /** When each call under way began, oldest first. */
  readonly #begun = new Set<{ readonly atMs: number }>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Milliseconds since the oldest call under way began; 0 when none is. */
  get longestMs(): number {
    for (const { atMs } of this.#begun) return this.#clock.now() - atMs;
    return 0;
  }

  /** The promise itself: nobody who waits for it comes later. */
  time<T>(call: Promise<T>): Promise<T> {
    const begun = { atMs: this.#clock.now() };
    this.#begun.add(begun);
    const over = (): void => void this.#begun.delete(begun);
    call.then(over, over);
    return call;
  }
}

class TimedFile implements OpenFile {
  readonly #file: OpenFile;
  readonly #waits: Waits;

  constructor(file: OpenFile, waits: Waits) {
    this.#file = file;
    this.#waits = waits;
  }

  writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#waits.time(this.#file.writeAt(offset, bytes));
  }

  sync(): Promise<void> {
    return this.#waits.time(this.#file.sync());
  }

  close(): Promise<void> {
    return this.#waits.time(this.#file.close());
  }
}

/** Files whose calls are timed. */
export class TimedFiles implements Files {
  readonly waits: Waits;
  readonly #files: Files;

  constructor(files: Files, clock: Pick<Clock, "now">) {
    this.#files = files;
    this.waits = new Waits(clock);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.waits.time(this.#files.read(name));
  }

  readAt(name: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return this.waits.time(this.#files.readAt(name, offset, length));
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.waits.time(this.#files.append(name, bytes));
  }

  async open(name: string): Promise<OpenFile> {
    return new TimedFile(await this.waits.time(this.#files.open(name)), this.waits);
  }

  sync(name: string): Promise<void> {
    return this.waits.time(this.#files.sync(name));
  }

  replace(name: string, bytes: Uint8Array): Promise<void> {
    return this.waits.time(this.#files.replace(name, bytes));
  }

  rename(from: string, to: string): Promise<void> {
    return this.waits.time(this.#files.rename(from, to));
  }

  remove(name: string): Promise<void> {
    return this.waits.time(this.#files.remove(name));
  }

  list(folder: string): Promise<string[]> {
    return this.waits.time(this.#files.list(folder));
  }
}
