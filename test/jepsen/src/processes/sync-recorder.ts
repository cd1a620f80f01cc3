import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DurableFiles } from "./durable-files.ts";
import { buildPreload } from "./preload.ts";

const source = resolve(import.meta.dirname, "../../native/sync-recorder.c");

/** What one loss of power did to a directory. */
export interface PowerLoss {
  readonly syncs: number;
  readonly bytesCut: number;
  readonly filesRemoved: number;
}

/** Preloaded into members, it knows what a loss of power would leave of their files. */
export class SyncRecorder {
  readonly #folder: string;
  readonly #library: string;
  /** Files with their lengths as the last loss of power left them, by directory. */
  readonly #settled = new Map<string, ReadonlyMap<string, number>>();

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.#library = library;
  }

  /** Compiles the library into `folder`. @throws Error with what the compiler said */
  static build(folder: string): SyncRecorder {
    return new SyncRecorder(folder, buildPreload(source, folder));
  }

  /** Environment of a process that works on `directory`. A deaf recorder notes no sync, as if the disk lied. */
  env(directory: string, name: string, deaf = false): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      SYNC_RECORDER_ROOT: directory,
      SYNC_RECORDER_LOG: this.#logOf(name),
      // Writes that bypass libc would not be seen.
      UV_USE_IO_URING: "0",
      ...(deaf ? { SYNC_RECORDER_DEAF: "1" } : {}),
    };
  }

  /** Leaves of `directory` what a loss of power would leave. The process called `name` must be gone. */
  async cutPower(directory: string, name: string): Promise<PowerLoss> {
    const model = new DurableFiles(this.#settled.get(directory) ?? new Map());
    for (const line of await this.#events(name)) model.note(line);
    let bytesCut = 0;
    let filesRemoved = 0;
    for (const [path, length] of await lengthsBelow(directory)) {
      const remains = model.remains(path);
      if (remains === null) {
        filesRemoved += 1;
        await rm(path);
        continue;
      }
      bytesCut += Math.max(0, length - remains.length);
      if (remains.length < length) await truncate(path, remains.length);
      if (remains.name !== path) await rename(path, remains.name);
    }
    this.#settled.set(directory, await lengthsBelow(directory));
    return { syncs: model.syncs, bytesCut, filesRemoved };
  }

  #logOf(name: string): string {
    return join(this.#folder, `${name}.events`);
  }

  async #events(name: string): Promise<string[]> {
    if (!existsSync(this.#logOf(name))) return [];
    return (await readFile(this.#logOf(name), "utf8")).split("\n").filter((line) => line !== "");
  }
}

async function lengthsBelow(directory: string): Promise<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>();
  const entries = existsSync(directory)
    ? await readdir(directory, { withFileTypes: true, recursive: true })
    : [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    lengths.set(path, (await stat(path)).size);
  }
  return lengths;
}
