import type { Configuration } from "../core/config/configuration.ts";
import type { Recovered } from "../core/options.ts";
import type { Raft } from "../core/raft.ts";
import type { Index } from "../core/types.ts";
import type { Membered, MembershipMark } from "../storage/membership-mark.ts";

/** Sees to it that the next life of this node knows that it was a member, and that it was removed. */
export class MembershipKeeper {
  readonly #mark: MembershipMark;
  readonly #onFailure: (error: unknown) => void;
  /** What is on the disk, or on its way there. */
  #known: Membered | null;
  #work: Promise<void> = Promise.resolve();

  /** @param onFailure the mark could not be written */
  constructor(
    mark: MembershipMark,
    { configurations }: Pick<Recovered, "configurations">,
    onFailure: (error: unknown) => void,
  ) {
    this.#mark = mark;
    this.#onFailure = onFailure;
    this.#known = mark.in(configurations.at(-1)?.historyId ?? "");
  }

  /** The first committed configuration that named this node, as an earlier life knew it; null: none that is known. */
  get since(): Index | null {
    return this.#known?.since ?? null;
  }

  /** True when this node was removed. */
  get isRemoved(): boolean {
    return this.#known?.isRemoved === true;
  }

  /** A configuration is committed. */
  settled({
    memberSince,
    committedConfiguration,
  }: Pick<Raft, "memberSince" | "committedConfiguration">): void {
    if (this.#known !== null || memberSince === null) return;
    const { historyId } = committedConfiguration;
    this.#set({ historyId, since: memberSince, isRemoved: false });
  }

  /** This node was removed, by that history. Of a founder that never heard of a commit, the founding counts. */
  removed({ historyId }: Configuration): void {
    const since = this.#known?.since ?? 0;
    if (!this.isRemoved) this.#set({ historyId, since, isRemoved: true });
  }

  /** Resolves once nothing is being written. */
  async close(): Promise<void> {
    await this.#work;
  }

  #set(next: Membered): void {
    this.#known = next;
    this.#work = this.#write(next, this.#work);
  }

  async #write(next: Membered, before: Promise<void>): Promise<void> {
    await before;
    await this.#mark.set(next).catch(this.#onFailure);
  }
}
