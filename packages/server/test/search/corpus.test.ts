import fc from "fast-check";
import { expect, test } from "vitest";
import { Corpus, shareOut } from "../../src/search/corpus.ts";
import { queryTerms, rank, tokens } from "../../src/search/tf-idf.ts";

const word = fc.constantFrom("raft", "log", "leader", "term", "vote", "Ärger", "42", "und");
const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(" "));
const documents = fc
  .array(text, { minLength: 1, maxLength: 20 })
  .map((texts) => new Map(texts.map((each, i) => [`doc-${i}.md`, each])));
const query = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));

test("any way of sharing out the documents gives the same answer, to the last bit", () => {
  fc.assert(
    fc.property(
      documents,
      query,
      fc.array(fc.nat({ max: 6 }), { minLength: 20, maxLength: 20 }),
      (all, asked, owners) => {
        const corpus = new Corpus(all);
        const terms = queryTerms(asked);
        const workers = [...new Set(owners)].map(() => new Corpus(all));
        const parts = [...new Set(owners)].map((owner, w) => {
          const share = corpus.names.filter((_, i) => owners[i] === owner);
          return workers[w]?.score(share, terms) ?? [];
        });
        expect(rank(parts.flat(), corpus.names.length, terms.length)).toEqual(corpus.search(asked));
      },
    ),
  );
});

test("a share holds every document once, and shares differ by one at most", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string(), { maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (names, count) => {
        const shares = shareOut(names, count);
        const sizes = shares.map((share) => share.length);
        expect(shares).toHaveLength(count);
        expect(shares.flat().toSorted()).toEqual(names.toSorted());
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("a document with the rarer word comes first", () => {
  const corpus = new Corpus(
    new Map([
      ["a", "log log raft"],
      ["b", "log log vote"],
      ["c", "log log log"],
      ["d", "log vote vote"],
    ]),
  );
  expect(corpus.search("raft").map((hit) => hit.document)).toEqual(["a"]);
  expect(corpus.search("raft vote").map((hit) => hit.document)).toEqual(["d", "a", "b"]);
  expect(corpus.search("nothing")).toEqual([]);
});

test("equal scores are ordered by name", () => {
  const corpus = new Corpus(
    new Map([
      ["z", "raft"],
      ["a", "raft"],
      ["m", "raft"],
    ]),
  );
  expect(corpus.search("raft").map((hit) => hit.document)).toEqual(["a", "m", "z"]);
});

test("words are runs of letters and digits, in lower case", () => {
  expect(tokens("Über-Log: v2, «Raft»!")).toEqual(["über", "log", "v2", "raft"]);
  expect(queryTerms("log LOG Raft log")).toEqual(["log", "raft"]);
});
