import type { LeaderInfo } from "@flotilla/coord";
import type { Corpus } from "../search/corpus.ts";
import type { Hit } from "../search/tf-idf.ts";
import { tokens } from "../search/tf-idf.ts";
import type { Dice } from "./dice.ts";
import { postJson } from "./http.ts";
import { Stamps } from "./measure.ts";
import type { Answer } from "./shapes.ts";
import { maxHits, readAnswer } from "./shapes.ts";
import { nowMs, sleep } from "./time.ts";

const pauseMs = 20;
const retryMs = 25;
const attemptTimeoutMs = 1_000;
const distinctQueries = 60;
const mostWords = 3;

export interface QueriesOptions {
  readonly corpus: Corpus;
  readonly dice: Dice;
  readonly leader: () => LeaderInfo | null;
  readonly onAnswer: (answer: Answer) => void;
  readonly onWrong: (query: string, answer: Answer) => void;
}

/** Asks the leader all the time, one query after the other, and compares every answer with the one computed here. */
export class Queries {
  readonly stamps: Stamps = new Stamps();
  readonly #options: QueriesOptions;
  readonly #queries: readonly string[];
  readonly #expected = new Map<string, readonly Hit[]>();
  #attempt = new AbortController();
  #answered = 0;
  #wrong = 0;
  #retried = 0;

  constructor(options: QueriesOptions) {
    this.#options = options;
    this.#queries = makeQueries(options.corpus, options.dice);
  }

  get answered(): number {
    return this.#answered;
  }

  get wrong(): number {
    return this.#wrong;
  }

  /** Queries that needed more than one attempt. */
  get retried(): number {
    return this.#retried;
  }

  /** The leader changed: nobody waits for the old one. */
  leaderChanged(): void {
    this.#attempt.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    const onStop = (): void => this.#attempt.abort();
    signal.addEventListener("abort", onStop, { once: true });
    while (!signal.aborted) {
      const query = this.#options.dice.pick(this.#queries) ?? "";
      const answer = await this.#ask(query, signal);
      if (answer !== null) this.#judge(query, answer);
      await sleep(pauseMs, signal);
    }
  }

  /** Null when the demo ended first. */
  async #ask(query: string, signal: AbortSignal): Promise<Answer | null> {
    for (let attempts = 1; !signal.aborted; attempts += 1) {
      const answer = await this.#try(query);
      if (answer !== null) return answer;
      if (attempts === 1) this.#retried += 1;
      await sleep(retryMs, signal);
    }
    return null;
  }

  async #try(query: string): Promise<Answer | null> {
    const leader = this.#options.leader();
    if (leader === null) return null;
    this.#attempt = new AbortController();
    const bounds = { timeoutMs: attemptTimeoutMs, signal: this.#attempt.signal };
    const reply = await postJson(leader.value, "/query", { query }, bounds).catch(() => null);
    return reply?.status === 200 ? readAnswer(reply.body) : null;
  }

  #judge(query: string, answer: Answer): void {
    this.#answered += 1;
    const expected = this.#expect(query);
    if (answer.total === expected.length && same(answer.hits, expected.slice(0, maxHits))) {
      this.stamps.add(nowMs());
      this.#options.onAnswer(answer);
      return;
    }
    this.#wrong += 1;
    this.#options.onWrong(query, answer);
  }

  #expect(query: string): readonly Hit[] {
    const known = this.#expected.get(query);
    if (known !== undefined) return known;
    const hits = this.#options.corpus.search(query);
    this.#expected.set(query, hits);
    return hits;
  }
}

/** Equal to the last bit: sharing out must not change a score. */
function same(a: readonly Hit[], b: readonly Hit[]): boolean {
  return (
    a.length === b.length && a.every((hit, i) => hit.document === b[i]?.document && hit.score === b[i].score)
  );
}

/** One to three words each, taken from the documents. */
export function makeQueries(corpus: Corpus, dice: Dice): string[] {
  return Array.from({ length: distinctQueries }, () => {
    const words = tokens(corpus.text(dice.pick(corpus.names) ?? ""));
    const count = 1 + dice.below(mostWords);
    return Array.from({ length: count }, () => dice.pick(words) ?? "the").join(" ");
  });
}
