import { readUint } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import { readSealed, seal, unseal } from "./sealed.ts";

const fileName = "pledges";

/**
 * How long a pledge given with this data may be: the next life, whose election timeout may be shorter, keeps it. There is
 * a file only once lease reads have been on.
 */
export class PledgeWindow {
  readonly #files: Files;
  #longestMs: number;

  private constructor(files: Files, longestMs: number) {
    this.#files = files;
    this.#longestMs = longestMs;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE` */
  static async open(files: Files): Promise<PledgeWindow> {
    const bytes = await files.read(fileName);
    if (bytes === undefined) return new PledgeWindow(files, 0);
    const what = "the length of pledges";
    const value = unseal(bytes, fileName, what);
    return new PledgeWindow(
      files,
      readSealed(what, () => readUint(value, what)),
    );
  }

  /** No pledge is longer, ms; 0: none was given. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** From when it resolves pledges may be so long. Shorter than before: what was pledged before must be over. */
  async set(longestMs: number): Promise<void> {
    await this.#files.replace(fileName, seal(longestMs, fileName));
    this.#longestMs = longestMs;
  }
}
