import type { Documents } from "./documents.ts";
import type { DocumentIndex, DocumentScore, Hit } from "./tf-idf.ts";
import { indexDocument, queryTerms, rank, scoreDocument } from "./tf-idf.ts";

/** Distinct words kept counted, over all documents; beyond it documents are counted anew each time. */
const maxCachedWords = 2_000_000;

/** Documents that can be searched, in part or as a whole. */
export class Corpus {
  /** Sorted. */
  readonly names: readonly string[];
  readonly #documents: Documents;
  readonly #indexes = new Map<string, DocumentIndex>();
  #cachedWords = 0;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.names = [...documents.keys()].toSorted();
  }

  has(name: string): boolean {
    return this.#documents.has(name);
  }

  text(name: string): string {
    return this.#documents.get(name) ?? "";
  }

  /** The scores of those of the named documents that match. */
  score(names: readonly string[], terms: readonly string[]): DocumentScore[] {
    return names.flatMap((name) => scoreDocument(name, this.#index(name), terms) ?? []);
  }

  /** Counts the words of one document ahead of the first search. */
  prepare(name: string): void {
    this.#index(name);
  }

  /** The whole answer, computed here. */
  search(query: string): Hit[] {
    const terms = queryTerms(query);
    return rank(this.score(this.names, terms), this.names.length, terms.length);
  }

  #index(name: string): DocumentIndex {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = indexDocument(this.text(name));
    if (this.#cachedWords + index.counts.size <= maxCachedWords) {
      this.#cachedWords += index.counts.size;
      this.#indexes.set(name, index);
    }
    return index;
  }
}

/** Deals the names out like cards: as many shares as asked for, none larger than another by more than one. */
export function shareOut(names: readonly string[], shares: number): string[][] {
  const dealt = Array.from({ length: shares }, (): string[] => []);
  for (const [i, name] of names.entries()) dealt[i % shares]?.push(name);
  return dealt;
}
