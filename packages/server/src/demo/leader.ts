import type { Leadership } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import type { Corpus } from "../search/corpus.ts";
import { shareOut } from "../search/corpus.ts";
import type { DocumentScore } from "../search/tf-idf.ts";
import { queryTerms, rank } from "../search/tf-idf.ts";
import { postJson } from "./http.ts";
import type { Answer } from "./shapes.ts";
import { maxHits, readScores } from "./shapes.ts";

const taskTimeoutMs = 1_000;

export interface LeaderParts {
  readonly leadership: Leadership;
  readonly corpus: Corpus;
  /** Addresses of the workers that are registered now. */
  readonly workers: () => readonly string[];
  /** Called at each query before the check; what it returns is called right after it. */
  readonly beforeCheck: () => Promise<() => void>;
}

/** Answers queries by sending every worker its share of the documents. */
export class Leader {
  readonly #parts: LeaderParts;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
  }

  /**
   * Checks leadership once, before the first task. What may change after the check is caught by the workers: they
   * refuse an old epoch, and then there is no answer.
   * @throws FlotillaError `ERR_FLOTILLA_LOST`, `ERR_FLOTILLA_FENCED`, `ERR_FLOTILLA_UNREACHABLE`
   */
  async answer(query: string): Promise<Answer> {
    const { leadership, corpus, beforeCheck } = this.#parts;
    const { epoch } = leadership;
    const terms = queryTerms(query);
    const workers = this.#parts.workers();
    if (workers.length === 0)
      throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "no workers are registered");
    const afterCheck = await beforeCheck();
    leadership.assert();
    afterCheck();
    const shares = shareOut(corpus.names, workers.length);
    const scores = await Promise.all(
      shares.map((documents, i) => this.#send({ epoch, terms, documents }, inTurn(workers, i))),
    );
    const hits = rank(scores.flat(), corpus.names.length, terms.length);
    return { epoch, workers: workers.length, total: hits.length, hits: hits.slice(0, maxHits) };
  }

  /** One share, to the first worker that does it. */
  async #send(
    task: {
      readonly epoch: number;
      readonly terms: readonly string[];
      readonly documents: readonly string[];
    },
    workers: readonly string[],
  ): Promise<DocumentScore[]> {
    for (const worker of workers) {
      const reply = await postJson(worker, "/task", task, { timeoutMs: taskTimeoutMs }).catch(() => null);
      if (reply?.status === 409) {
        throw new FlotillaError(
          "ERR_FLOTILLA_FENCED",
          `a worker refused epoch ${task.epoch}: there is a newer leader`,
        );
      }
      if (reply?.status === 200) return readScores(reply.body, task.terms.length);
    }
    throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "no worker took the task");
  }
}

/** All of them, beginning with the given one. */
function inTurn(workers: readonly string[], first: number): string[] {
  return [...workers.slice(first), ...workers.slice(0, first)];
}
