import { close, fsync, open, write } from "node:fs";
import { promisify } from "node:util";
import type { OpenFile } from "../disk.ts";
import { storageError } from "./storage-error.ts";

const openFile = promisify(open);
const syncFile = promisify(fsync);
const closeFile = promisify(close);

/** A file by its descriptor: without the wrappers of `fs/promises`, which cost more than the write. */
export class RealOpenFile implements OpenFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #settle: () => Promise<void>;

  private constructor(path: string, descriptor: number, settle: () => Promise<void>) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#settle = settle;
  }

  /** @param settle makes the directory entry durable, if it is not yet */
  static async open(
    path: string,
    flags: number,
    mode: number,
    settle: () => Promise<void>,
  ): Promise<RealOpenFile> {
    return new RealOpenFile(path, await openFile(path, flags, mode), settle);
  }

  writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const from = (done: number): void => {
        write(this.#descriptor, bytes, done, bytes.length - done, offset + done, (error, written) => {
          if (error !== null) reject(storageError(`cannot write ${this.#path}`, error));
          else if (done + written < bytes.length) from(done + written);
          else resolve();
        });
      };
      from(0);
    });
  }

  async sync(): Promise<void> {
    try {
      await syncFile(this.#descriptor);
      await this.#settle();
    } catch (error) {
      throw storageError(`cannot sync ${this.#path}`, error);
    }
  }

  async close(): Promise<void> {
    try {
      await closeFile(this.#descriptor);
    } catch (error) {
      throw storageError(`cannot close ${this.#path}`, error);
    }
  }
}
