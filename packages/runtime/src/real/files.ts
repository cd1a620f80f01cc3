import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Files, OpenFile } from "../disk.ts";
import { FlotillaError } from "../errors.ts";
import { checkFileName } from "../file-name.ts";
import { RealOpenFile } from "./open-file.ts";
import { storageError, systemCode } from "./storage-error.ts";
import { syncDirectory } from "./sync-directory.ts";

const directoryMode = 0o700;
const fileMode = 0o600;

async function writeFully(
  path: string,
  flags: number,
  offset: number | null,
  bytes: Uint8Array,
  sync: boolean,
): Promise<void> {
  const handle = await open(path, flags, fileMode);
  try {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(
        bytes,
        done,
        bytes.length - done,
        offset === null ? null : offset + done,
      );
      done += bytesWritten;
    }
    if (sync) await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}

async function undefinedWhenMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Calls on one name take effect one after the other, in the order they were made. */
class RealFiles implements Files {
  readonly #root: string;
  readonly #tails = new Map<string, Promise<void>>();
  /** Folders known to exist. */
  readonly #folders = new Set<string>();
  /** Files whose directory entry is known to be durable. */
  readonly #settled = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#run("read", [name], async (path) => {
      const content = await undefinedWhenMissing(readFile(path));
      return content === undefined
        ? undefined
        : new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    });
  }

  readAt(name: string, offset: number, length: number): Promise<Uint8Array | undefined> {
    return this.#run("read", [name], async (path) => undefinedWhenMissing(readRange(path, offset, length)));
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.#run("append to", [name], async (path) => {
      await this.#makeFolder(path);
      await writeFully(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, null, bytes, false);
    });
  }

  open(name: string): Promise<OpenFile> {
    return this.#run("open", [name], async (path) => {
      await this.#makeFolder(path);
      return RealOpenFile.open(path, constants.O_WRONLY | constants.O_CREAT, fileMode, async () => {
        if (!this.#settled.has(name)) await this.#settle(path, name);
      });
    });
  }

  sync(name: string): Promise<void> {
    return this.#run("sync", [name], async (path) => {
      const handle = await open(path, "r+");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (!this.#settled.has(name)) await this.#settle(path, name);
    });
  }

  replace(name: string, bytes: Uint8Array): Promise<void> {
    return this.#run("replace", [name], async (path) => {
      await this.#makeFolder(path);
      const draft = join(dirname(path), `.${name.slice(name.lastIndexOf("/") + 1)}.draft`);
      await writeFully(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0, bytes, true);
      await rename(draft, path);
      await this.#settle(path, name);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run("rename", [from, to], async (source, target) => {
      await this.#makeFolder(target);
      await rename(source, target);
      this.#settled.delete(from);
      await this.#settle(target, to);
      if (dirname(source) !== dirname(target)) await syncDirectory(dirname(source));
    });
  }

  remove(name: string): Promise<void> {
    return this.#run("remove", [name], async (path) => {
      this.#settled.delete(name);
      await undefinedWhenMissing(unlink(path));
    });
  }

  async list(folder: string): Promise<string[]> {
    const path = folder === "" ? this.#root : join(this.#root, checkFileName(folder));
    try {
      const entries = (await undefinedWhenMissing(readdir(path, { withFileTypes: true }))) ?? [];
      const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."));
      return files.map((entry) => entry.name).toSorted();
    } catch (error) {
      throw storageError(`cannot list ${path}`, error);
    }
  }

  async #makeFolder(path: string): Promise<void> {
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: directoryMode });
    this.#folders.add(folder);
  }

  /** Makes the entry of a file durable, and those of the folders on the way to it. */
  async #settle(path: string, name: string): Promise<void> {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      await syncDirectory(folder);
      if (folder === this.#root) break;
    }
    this.#settled.add(name);
  }

  async #run<T>(
    verb: string,
    names: readonly string[],
    act: (path: string, other: string) => Promise<T>,
  ): Promise<T> {
    const paths = names.map((name) => join(this.#root, checkFileName(name)));
    const [path = "", other = ""] = paths;
    const earlier = names.map((name) => this.#tails.get(name) ?? Promise.resolve());
    const result = Promise.all(earlier).then(() => act(path, other));
    const tail = result.then(
      () => {},
      () => {},
    );
    for (const name of names) this.#tails.set(name, tail);
    try {
      return await result;
    } catch (error) {
      throw FlotillaError.is(error) ? error : storageError(`cannot ${verb} ${paths.join(" to ")}`, error);
    } finally {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}

/** Plain files below `root`, an absolute path to a directory that exists. */
export function realFiles(root: string): Files {
  return new RealFiles(root);
}
