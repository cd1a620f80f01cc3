import type { Corpus } from "../search/corpus.ts";
import type { Reply } from "./http.ts";
import { readTask } from "./shapes.ts";

/** Scores shares of documents, and refuses every leader but the newest it has heard of. */
export class Worker {
  readonly #corpus: Corpus;
  readonly #onStale: (epoch: number, highest: number) => void;
  #highest = 0;
  #tasks = 0;

  constructor(corpus: Corpus, onStale: (epoch: number, highest: number) => void) {
    this.#corpus = corpus;
    this.#onStale = onStale;
  }

  /** Shares worked on. */
  get tasks(): number {
    return this.#tasks;
  }

  /** No epoch below this one is served any more, as long as the process lives. */
  raise(epoch: number): void {
    this.#highest = Math.max(this.#highest, epoch);
  }

  /** `409 {stale: true}` for a leader that was replaced. */
  work(body: unknown): Reply {
    const { epoch, terms, documents } = readTask(body);
    if (epoch < this.#highest) {
      this.#onStale(epoch, this.#highest);
      return { status: 409, body: { stale: true, epoch, highest: this.#highest } };
    }
    this.raise(epoch);
    const unknown = documents.find((document) => !this.#corpus.has(document));
    if (unknown !== undefined) return { status: 404, body: { error: `no document ${unknown}` } };
    this.#tasks += 1;
    return { status: 200, body: { scores: this.#corpus.score(documents, terms) } };
  }
}
