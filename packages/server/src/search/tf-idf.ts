/** How often each query term occurs in one document, relative to its length; in the order of the terms. */
export interface DocumentScore {
  readonly document: string;
  readonly frequencies: readonly number[];
}

/** A match and its TF-IDF score. */
export interface Hit {
  readonly document: string;
  readonly score: number;
}

const word = /[\p{L}\p{N}]+/gu;

/** Lower-case words, in order. */
export function tokens(text: string): string[] {
  return Array.from(text.toLowerCase().matchAll(word), (match) => match[0]);
}

/** The distinct words of a query, in order. */
export function queryTerms(query: string): string[] {
  return [...new Set(tokens(query))];
}

/** The words of a document, counted. */
export interface DocumentIndex {
  readonly counts: ReadonlyMap<string, number>;
  readonly words: number;
}

/** Counts the words of a text. */
export function indexDocument(text: string): DocumentIndex {
  const counts = new Map<string, number>();
  const words = tokens(text);
  for (const each of words) counts.set(each, (counts.get(each) ?? 0) + 1);
  return { counts, words: words.length };
}

/** One document's part of the answer; null when no term occurs. */
export function scoreDocument(
  document: string,
  index: DocumentIndex,
  terms: readonly string[],
): DocumentScore | null {
  const frequencies = terms.map((term) => (index.counts.get(term) ?? 0) / Math.max(1, index.words));
  return frequencies.some((frequency) => frequency > 0) ? { document, frequencies } : null;
}

/**
 * Merges parts scored anywhere into one ranking. The sums run in the order of the terms, so the result
 * does not depend on how the documents were shared out.
 */
export function rank(scores: readonly DocumentScore[], documentCount: number, termCount: number): Hit[] {
  const idf = Array.from({ length: termCount }, (_, term) => {
    const containing = scores.reduce((n, score) => n + ((score.frequencies[term] ?? 0) > 0 ? 1 : 0), 0);
    return containing === 0 ? 0 : Math.log(documentCount / containing) + 1;
  });
  return scores
    .map(({ document, frequencies }) => ({
      document,
      score: frequencies.reduce((sum, frequency, term) => sum + frequency * (idf[term] ?? 0), 0),
    }))
    .toSorted((a, b) => b.score - a.score || (a.document < b.document ? -1 : 1));
}
