import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeAtEnd } from "./children.ts";

/** Members that were just killed may still be at it. */
const retries = { maxRetries: 10, retryDelay: 50 } as const;

/** A folder of one's own, removed in the end, also when the process is told to end before. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  readonly #keep: () => void;

  private constructor(path: string) {
    this.path = path;
    this.#keep = removeAtEnd(() => rmSync(path, { recursive: true, force: true, ...retries }));
  }

  static async create(name: string): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(join(tmpdir(), `flotilla-${name}-`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keep();
    await rm(this.path, { recursive: true, force: true });
  }
}
