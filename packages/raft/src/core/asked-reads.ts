/** Local reads that share one answer of the leader, or that were taken up in the same tick. */
interface Batch {
  readonly ids: number[];
  readonly tick: number;
}

/** What a follower asks its leader for: local reads, many in one question. */
export class AskedReads {
  // Invariant: both ascend by tick.
  #waiting: Batch[] = [];
  readonly #asked = new Map<number, Batch>();
  #size = 0;
  #lastQuestion: number;

  /** Numbers begin anywhere, so that answers meant for an earlier life never match. */
  constructor(lastQuestion: number) {
    this.#lastQuestion = lastQuestion;
  }

  /** Reads without an answer. */
  get size(): number {
    return this.#size;
  }

  /** True when the leader was not asked for some. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  add(id: number, tick: number): void {
    const newest = this.#waiting.at(-1);
    if (newest?.tick === tick) newest.ids.push(id);
    else this.#waiting.push({ ids: [id], tick });
    this.#size += 1;
  }

  /** Number of the question that is asked now, for all that wait. */
  ask(tick: number): number {
    this.#lastQuestion += 1;
    this.#asked.set(this.#lastQuestion, { ids: this.#waiting.flatMap(({ ids }) => ids), tick });
    this.#waiting = [];
    return this.#lastQuestion;
  }

  /**
   * Takes out whom an answer is for; undefined: nobody. A read point is one for earlier questions as well, since they
   * were asked before: whatever was lost of them delays no read beyond those that came later. A refusal is for its own.
   */
  answered(question: number, isRefusal: boolean): readonly number[] | undefined {
    if (!this.#asked.has(question)) return undefined;
    const answered: number[] = [];
    for (const [earlier, { ids }] of this.#asked) {
      if (earlier > question) break;
      if (earlier < question && isRefusal) continue;
      this.#asked.delete(earlier);
      answered.push(...ids);
    }
    this.#size -= answered.length;
    return answered;
  }

  /** Takes out what has waited since before `tick`, or has had no answer to a question asked before. */
  expire(tick: number): readonly number[] {
    const expired: number[] = [];
    for (const [question, batch] of this.#asked) {
      if (batch.tick > tick) break;
      this.#asked.delete(question);
      expired.push(...batch.ids);
    }
    const kept = this.#waiting.findIndex((batch) => batch.tick > tick);
    const late = this.#waiting.splice(0, kept < 0 ? this.#waiting.length : kept);
    for (const { ids } of late) expired.push(...ids);
    this.#size -= expired.length;
    return expired;
  }

  /** Takes out everything, what was asked for first. */
  clear(): readonly number[] {
    return this.expire(Number.POSITIVE_INFINITY);
  }
}
