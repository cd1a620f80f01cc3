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

/** One document's part of the answer; null when no term occurs. */
export function scoreDocument(document: string, text: string, terms: readonly string[]): DocumentScore | null {
  const words = tokens(text);
  const counts = new Map<string, number>(terms.map((term) => [term, 0]));
  for (const each of words) {
    const count = counts.get(each);
    if (count !== undefined) counts.set(each, count + 1);
  }
  const frequencies = terms.map((term) => (counts.get(term) ?? 0) / Math.max(1, words.length));
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
