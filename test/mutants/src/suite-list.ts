/** Tests that judge any change of a package: against a naive twin, over random input, or over every crash point. */
export interface Suite {
  /** Folder of the package they judge. */
  readonly folder: string;
  readonly file: string;
  /** What the names of the tests that count begin with. */
  readonly tests: readonly string[];
}

/** What a test written for one rule shows is not counted, so only these run against mutants. */
export const suites: readonly Suite[] = [
  {
    folder: "packages/raft",
    file: "test/core/random-schedule.test.ts",
    tests: [
      "a group of",
      "small windows",
      "word of commits that waits",
      "a leader that seldom asks",
      "founding under",
    ],
  },
  { folder: "packages/raft", file: "test/core/rough-schedule.test.ts", tests: ["a group of"] },
  { folder: "packages/raft", file: "test/core/membership-schedule.test.ts", tests: ["a group of"] },
  { folder: "packages/raft", file: "test/core/leases.test.ts", tests: ["a group of"] },
  {
    folder: "packages/raft",
    file: "test/core/quorum.test.ts",
    tests: ["what a majority reached is the largest value", "a founded group is won with more than half"],
  },
  {
    folder: "packages/raft",
    file: "test/core/raft-log.test.ts",
    tests: ["the log answers like an array", "what the window hands out"],
  },
  { folder: "packages/raft", file: "test/core/tracker.test.ts", tests: ["in-flight messages behave like"] },
  { folder: "packages/raft", file: "test/core/config-history.test.ts", tests: ["history answers like"] },
  {
    folder: "packages/raft",
    file: "test/core/codec.test.ts",
    tests: [
      "an entry survives its frame",
      "a change of any one byte",
      "whatever a sealed frame says",
      "a frame cut short anywhere",
      "a run of",
    ],
  },
  { folder: "packages/raft", file: "test/storage/crash-points.test.ts", tests: ["a power loss at any"] },
  { folder: "packages/raft", file: "test/storage/log-store.test.ts", tests: ["the log equals a plain list"] },
  {
    folder: "packages/raft",
    file: "test/storage/open-storage.test.ts",
    tests: ["open refuses when any byte of"],
  },
  {
    folder: "packages/raft",
    file: "test/storage/lost-batches.test.ts",
    tests: ["whatever batches in a row"],
  },
  { folder: "packages/raft", file: "test/storage/damaged-files.test.ts", tests: ["whatever happens to"] },
  {
    folder: "packages/raft",
    file: "test/transport/message-codec.test.ts",
    tests: ["what was encoded", "random bytes", "a changed, cut or grown", "a changed byte within"],
  },
  { folder: "packages/raft", file: "test/transport/peer-model.test.ts", tests: ["links under any"] },
  { folder: "packages/raft", file: "test/node/applier-model.test.ts", tests: ["whatever comes between"] },
  { folder: "packages/raft", file: "test/node/snapshot-pull-model.test.ts", tests: ["a snapshot pulled"] },
  {
    folder: "packages/raft",
    file: "test/storage/snapshot-crash-points.test.ts",
    tests: ["a power loss at any"],
  },
  {
    folder: "packages/raft",
    file: "test/node/proposals-model.test.ts",
    tests: ["every proposal ends as a search"],
  },
  { folder: "packages/raft", file: "test/node/rough-world.test.ts", tests: ["whole members stay safe"] },
  { folder: "packages/raft", file: "test/node/world.test.ts", tests: ["nothing acknowledged is lost"] },
  { folder: "packages/runtime", file: "test/handshake/pairs.test.ts", tests: ["any two sides"] },
  {
    folder: "packages/kv",
    file: "test/model.test.ts",
    tests: [
      "any commands do what the golden model says",
      "the stream of events folds",
      "events and answers say the same",
      "a great many commands",
    ],
  },
  {
    folder: "packages/kv",
    file: "test/snapshot.test.ts",
    tests: ["are refused with a typed error", "are refused wherever", "the digest does not depend"],
  },
  {
    folder: "packages/kv",
    file: "test/codec.test.ts",
    tests: ["commands survive", "results survive", "bytes that are no command", "any CBOR"],
  },
  { folder: "packages/kv", file: "test/trigger-model.test.ts", tests: ["every registered kind"] },
  { folder: "packages/kv", file: "test/watch.test.ts", tests: ["the table finds", "the table counts"] },
  { folder: "packages/kv", file: "test/budgets.property.test.ts", tests: ["what is used, refused"] },
  { folder: "packages/coord", file: "test/server/watch-model.test.ts", tests: ["watches tell what"] },
  { folder: "packages/kv", file: "test/values.test.ts", tests: ["every value stays"] },
  { folder: "packages/kv", file: "test/window.test.ts", tests: ["a kept result gives", "a window counts"] },
  { folder: "packages/kv", file: "test/sorted-map.test.ts", tests: ["a sorted map behaves like"] },
  {
    folder: "packages/coord",
    file: "test/client/pipeline.property.test.ts",
    tests: ["every write takes effect once"],
  },
  {
    folder: "packages/coord",
    file: "test/server/races.test.ts",
    tests: ["of writes that exclude each other"],
  },
  {
    folder: "packages/coord",
    file: "test/server/chaos.test.ts",
    tests: ["writes take effect once and in order"],
  },
  {
    folder: "packages/coord",
    file: "test/server/local-read.test.ts",
    tests: ["no local read, at once or later"],
  },
  { folder: "packages/coord", file: "test/server/lease-model.test.ts", tests: ["no lease ends while"] },
  {
    folder: "packages/coord",
    file: "test/server/moving-read.test.ts",
    tests: ["no local read shows less than"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/election.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/lock.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/counter.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/line-wakes.test.ts",
    tests: ["a long line whoever comes and goes"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/registry.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/queue.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/group.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/barrier.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/config.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/cron.property.test.ts",
    tests: ["whatever people and machines do"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/shards.property.test.ts",
    tests: ["whatever happens, a shard has"],
  },
  {
    folder: "packages/coord",
    file: "test/recipes/keeper.property.test.ts",
    tests: ["whatever happens, one worker"],
  },
  {
    folder: "packages/coord",
    file: "test/wire/codec.test.ts",
    tests: ["what a client says", "what a server says", "a damaged frame"],
  },
];

/** The suites for packages whose files a mutant changes. */
export function suitesFor(files: readonly string[]): readonly Suite[] {
  return suites.filter(({ folder }) => files.some((file) => file.startsWith(`${folder}/`)));
}
