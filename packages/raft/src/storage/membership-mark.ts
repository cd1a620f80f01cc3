import { readArray, readBoolean, readString, readUint } from "@flotilla/runtime";
import type { Files } from "@flotilla/runtime";
import type { Index } from "../core/types.ts";
import { readSealed, seal, unseal } from "./sealed.ts";

const fileName = "membership";
const maxTextBytes = 64;

/** What a node knows of its own membership in one history of its cluster. */
export interface Membered {
  readonly historyId: string;
  /** The first committed configuration known to name this node; 0: the founding one. */
  readonly since: Index;
  /** A committed configuration leaves it out since: its data never belongs to that history again. */
  readonly isRemoved: boolean;
}

/**
 * That this node was a member, and that it is none any more, as it stands beside the log: the log forgets it with a
 * snapshot, and never knew what other members told. There is a file only once this node was a member.
 */
export class MembershipMark {
  readonly #files: Files;
  readonly #incarnation: string;
  #known: Membered | null;

  private constructor(files: Files, incarnation: string, known: Membered | null) {
    this.#files = files;
    this.#incarnation = incarnation;
    this.#known = known;
  }

  /**
   * What was marked with other data, whatever it does here, counts for nothing.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_STORAGE`
   */
  static async open(files: Files, incarnation: string): Promise<MembershipMark> {
    const bytes = await files.read(fileName);
    const mark = bytes === undefined ? null : readMark(bytes);
    return new MembershipMark(files, incarnation, mark?.incarnation === incarnation ? mark : null);
  }

  /** What is known of that history; null: nothing. A cluster that was made anew of this data has another. */
  in(historyId: string): Membered | null {
    return this.#known?.historyId === historyId ? this.#known : null;
  }

  /** Durable when it resolves. */
  async set(next: Membered): Promise<void> {
    const { historyId, since, isRemoved } = next;
    await this.#files.replace(fileName, seal([this.#incarnation, historyId, since, isRemoved], fileName));
    this.#known = next;
  }
}

function readMark(bytes: Uint8Array): Membered & { readonly incarnation: string } {
  const what = "the mark of the membership";
  const value = unseal(bytes, fileName, what);
  return readSealed(what, () => {
    const [incarnation, historyId, since, isRemoved] = readArray(value, "membership", 4, 4);
    return {
      incarnation: readString(incarnation, "incarnation", maxTextBytes),
      historyId: readString(historyId, "history", maxTextBytes),
      since: readUint(since, "since"),
      isRemoved: readBoolean(isRemoved, "removed"),
    };
  });
}
