import { FlotillaError } from "@flotilla/runtime";
import type { DocumentScore, Hit } from "../search/tf-idf.ts";

/** A worker's share of one query. */
export interface Task {
  readonly epoch: number;
  readonly terms: readonly string[];
  readonly documents: readonly string[];
}

/** What the leader answers. */
export interface Answer {
  readonly epoch: number;
  readonly workers: number;
  /** Documents that match. */
  readonly total: number;
  /** The best ones, best first. */
  readonly hits: readonly Hit[];
}

/** Hits in an answer at most. */
export const maxHits = 50;

const maxTerms = 64;
const maxDocuments = 10_000;
const maxTextCharacters = 4_096;

type Fields = Readonly<Record<string, unknown>>;

function bad(what: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `bad message: ${what}`);
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { ...value }
    : bad("not an object");
}

function epochOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : bad("epoch");
}

function text(value: unknown, what: string): string {
  return typeof value === "string" && value.length <= maxTextCharacters ? value : bad(what);
}

function list<T>(value: unknown, most: number, what: string, item: (value: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > most) return bad(what);
  return value.map((each: unknown) => item(each));
}

function number(value: unknown, what: string): number {
  return typeof value === "number" && Number.isFinite(value) ? value : bad(what);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, as all of these */
export function readTask(value: unknown): Task {
  const { epoch, terms, documents } = fields(value);
  return {
    epoch: epochOf(epoch),
    terms: list(terms, maxTerms, "terms", (term) => text(term, "term")),
    documents: list(documents, maxDocuments, "documents", (document) => text(document, "document")),
  };
}

export function readQuery(value: unknown): string {
  return text(fields(value)["query"], "query");
}

/** A worker's scores, each with one frequency per term. */
export function readScores(value: unknown, terms: number): DocumentScore[] {
  return list(fields(value)["scores"], maxDocuments, "scores", (item) => {
    const { document, frequencies } = fields(item);
    const numbers = list(frequencies, maxTerms, "frequencies", (frequency) => number(frequency, "frequency"));
    if (numbers.length !== terms) bad("frequencies");
    return { document: text(document, "document"), frequencies: numbers };
  });
}

export function readAnswer(value: unknown): Answer {
  const { epoch, workers, total, hits } = fields(value);
  return {
    epoch: epochOf(epoch),
    workers: number(workers, "workers"),
    total: number(total, "total"),
    hits: list(hits, maxHits, "hits", (item) => {
      const { document, score } = fields(item);
      return { document: text(document, "document"), score: number(score, "score") };
    }),
  };
}
