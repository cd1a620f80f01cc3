import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { rm, writeFile } from "node:fs/promises";
import { buildPreload } from "./preload.ts";

/** How a disk fails; see `failing-disk.c`. */
export type DiskFailure =
  | "sync-once"
  | "sync-forever"
  | "write-eio"
  | "write-full"
  | "write-full-once"
  | "sync-slow"
  | "sync-hang";

/** Preloaded into a member, it makes the disk fail from a moment that the test chooses. */
export class FailingDisk {
  readonly #library: string;
  readonly #trigger: string;

  private constructor(library: string, trigger: string) {
    this.#library = library;
    this.#trigger = trigger;
  }

  /** Compiles the library into `folder`. @throws Error with what the compiler said */
  static build(folder: string): FailingDisk {
    const source = resolve(import.meta.dirname, "../../native/failing-disk.c");
    return new FailingDisk(buildPreload(source, folder), join(folder, "fails-now"));
  }

  /** Environment of a process whose disk is `directory`. */
  env(directory: string, failure: DiskFailure): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      FAILING_DISK_ROOT: directory,
      FAILING_DISK_MODE: failure,
      FAILING_DISK_TRIGGER: this.#trigger,
      // Calls that bypass libc would not be seen.
      UV_USE_IO_URING: "0",
    };
  }

  /** From now on it fails. */
  async fail(): Promise<void> {
    await writeFile(this.#trigger, "");
  }

  /** Whether a sync hangs, with `sync-hang`. */
  get hangs(): boolean {
    return existsSync(`${this.#trigger}-hangs`);
  }

  /** From the next life of the process on it works again. */
  async mend(): Promise<void> {
    await rm(this.#trigger, { force: true });
  }
}
