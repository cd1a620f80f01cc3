/** What small changes are made of, and what must notice. */
export interface Subject {
  /** Folder of the package. */
  readonly folder: string;
  /** Its files that are changed, from the folder. */
  readonly files: RegExp;
  /** Test files in the order in which they are asked, one group after the other. */
  readonly tests: readonly RegExp[];
}

/** By the name on the command line. */
export const subjects: Readonly<Record<"kv" | "raft", Subject>> = {
  kv: {
    folder: "packages/kv",
    files:
      /^src\/(?:machine|turn|attach|perform|tree-ops|tree|tree-node|node-page|node-store|frozen-nodes|path-index|decimal|conditions|session-table|window|validate|paths|acl[a-z-]*|budget[a-z-]*)\.ts$/,
    tests: [
      /^test\/(?:skip|paths|window|tables|refusals|budgets)\.test\.ts$|^test\/conformance\/(?!limits|recursive)/,
      /^test\/(?:tree|session|watch|path-index|node-store|codec|values)\.test\.ts$|^test\/conformance\//,
      /^test\/(?!model\.)[^/]*\.test\.ts$/,
      /^test\/model\.test\.ts$/,
    ],
  },
  raft: {
    folder: "packages/raft",
    files: /^src\/core\/(?!length-checksum|entry-codec).*\.ts$/,
    tests: [
      /^test\/core\/(?!.*schedule).*\.test\.ts$/,
      /^test\/scenarios\/.*\.test\.ts$/,
      /^test\/core\/.*schedule\.test\.ts$/,
    ],
  },
};
