import type { Mutant } from "../mutant.ts";
import { budgetTable, kvPaths, pathMap, snapshotWrite, treeOps } from "./files.ts";

/** What budgets promise: that they count what is there, and hold up nothing else. */
export const budgets: readonly Mutant[] = [
  {
    id: "B01",
    severity: 2,
    title: "of several budgets above a node only the nearest counts",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: pathMap,
        find: "return found.toReversed();",
        replace: "return found.toReversed().slice(0, 1);",
      },
    ],
  },
  {
    id: "B02",
    severity: 2,
    title: "a budget also counts the leases of nodes whose names only begin as its own",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: kvPaths,
        find: "  return path === top || path.startsWith(prefixOf(top));\n",
        replace: "  return path.startsWith(top);\n",
      },
    ],
  },
  {
    id: "B03",
    severity: 2,
    title: "what a refused multi would have written stays counted in the rate",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: budgetTable,
        find: "    for (const record of journal.toReversed()) this.#put(record);\n",
        replace: "",
      },
    ],
  },
  {
    id: "B04",
    severity: 2,
    title: "a refused multi is taken back from the rate in the order in which it was counted",
    killer: "the golden model",
    onlySuites: true,
    edits: [{ file: budgetTable, find: "journal.toReversed()", replace: "journal" }],
  },
  {
    id: "B05",
    severity: 2,
    title: "a lease counts no more once the first of its nodes is gone",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: budgetTable,
        find: "      if (nodes > 0) counts.set(lease, nodes);\n      else counts.delete(lease);\n    }\n  }\n\n  #put",
        replace:
          "      if (by > 0) counts.set(lease, nodes);\n      else counts.delete(lease);\n    }\n  }\n\n  #put",
      },
    ],
  },
  {
    id: "B06",
    severity: 2,
    title: "a budget does not count the leases that were there before it",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: budgetTable,
        find: "this.#leases.set(record.path, this.#countLeases(record.path))",
        replace: "this.#leases.set(record.path, new Map())",
      },
    ],
  },
  {
    id: "B07",
    severity: 2,
    title: "a value that shrinks is refused where too many bytes are used",
    killer: "the golden model",
    onlySuites: true,
    edits: [{ file: budgetTable, find: "      if (added <= 0) continue;\n", replace: "" }],
  },
  {
    id: "B08",
    severity: 2,
    title: "the last one that a budget has room for is refused",
    killer: "the golden model",
    onlySuites: true,
    edits: [{ file: budgetTable, find: "if (wanted > limit)", replace: "if (wanted >= limit)" }],
  },
  {
    id: "B09",
    severity: 1,
    title: "what was written in the second at hand is left out of a snapshot",
    killer: "the golden model",
    onlySuites: true,
    edits: [
      {
        file: snapshotWrite,
        find: "  writer.number(second);\n  writer.number(writes);\n",
        replace: "  writer.number(0);\n  writer.number(0);\n",
      },
    ],
  },
  {
    id: "B10",
    severity: 2,
    title: "a set is judged by the whole value, not by what it adds",
    killer: "the golden model",
    onlySuites: true,
    edits: [{ file: treeOps, find: "bytes: value.length - node.length", replace: "bytes: value.length" }],
  },
];
