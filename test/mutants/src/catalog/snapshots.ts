import type { Mutant } from "../mutant.ts";
import {
  coreSnapshots,
  driver,
  following,
  incomingSnapshot,
  machine,
  nodeSnapshots,
  openStorage,
  sessionTable,
  snapshotPuller,
  snapshotWrite,
  snapshotWriter,
} from "./files.ts";

/** What stands for the log below it. */
export const snapshots: readonly Mutant[] = [
  {
    id: "S01",
    severity: 1,
    title: "a snapshot is labelled with the commit index, its state is at the applied one",
    killer: "StateMachineSafety",
    edits: [
      {
        file: nodeSnapshots,
        find: "const point = { last: applier.applied, timeMs: applier.timeMs, configuration };",
        replace: `const committed = { index: core.commit, term: core.termAt(core.commit) ?? 0 };
    const point = { last: committed, timeMs: applier.timeMs, configuration };`,
      },
    ],
  },
  {
    id: "S02",
    severity: 1,
    title: "sessions that ended meanwhile stay when a snapshot is installed",
    killer: "DeterministicApply",
    edits: [
      {
        file: machine,
        find: "    this.#state = state;\n",
        replace: `    for (const session of this.#state.sessions.all()) {
      if (state.sessions.get(session.id) === undefined) state.sessions.open(session, session.window.lastSeq);
    }
    this.#state = state;
`,
      },
    ],
  },
  {
    id: "S03",
    severity: 1,
    title: "a snapshot older than what is applied is installed",
    killer: "NoRegression",
    edits: [
      { file: driver, find: "if (last.index > this.#core.commit) {", replace: "if (last.index > 0) {" },
      {
        file: coreSnapshots,
        find: "if (last.index > s.log.commit) {",
        replace: "if (last.index > 0) {",
      },
      {
        file: nodeSnapshots,
        find: "isNews: ({ index }) => index > core.commit,",
        replace: "isNews: ({ index }) => index > 0,",
      },
    ],
  },
  {
    id: "S04",
    severity: 1,
    title: "the log is compacted one entry past the snapshot",
    killer: "assertion CompactBelowSnapshot",
    edits: [
      {
        file: coreSnapshots,
        find: "s.log.compactTo(compactTo)",
        replace: "s.log.compactTo(s.log.snapshot.index + 1)",
      },
    ],
  },
  {
    id: "S05",
    severity: 1,
    title: "entries that are compacted away count as a conflict",
    killer: "assertion NeverTruncateCommitted",
    edits: [
      {
        file: following,
        find: "const entries = known > 0 ? message.entries.slice(known) : message.entries;",
        replace: "const entries = message.entries;",
      },
    ],
  },
  {
    id: "S06",
    severity: 1,
    title: "a snapshot holds no results of requests",
    killer: "SoundDataOpens",
    edits: [
      {
        file: snapshotWrite,
        find: "if (kept !== undefined) yield kept.bytes;",
        replace: "if (kept === undefined) yield Uint8Array.of();",
      },
    ],
  },
  {
    id: "S07",
    severity: 1,
    title: "a snapshot holds no sequence counters",
    killer: "SoundDataOpens",
    edits: [
      {
        file: snapshotWrite,
        find: "writer.number(node.created);",
        replace: "writer.number(node.numChildren);",
      },
    ],
  },
  {
    id: "S08",
    severity: 1,
    title: "the membership in a received snapshot is not taken up",
    killer: "ConfigurationSafety",
    edits: [
      {
        file: coreSnapshots,
        find: "    s.configs.reset(configuration);\n",
        replace: "    s.probe(configuration.historyId);\n",
      },
    ],
  },
  {
    id: "S09",
    severity: 1,
    title: "chunks of two snapshots are mixed, and the whole is not compared with its checksum",
    killer: "SoundDataOpens",
    edits: [
      { file: snapshotPuller, find: "    isSameSnapshot(pull.head, chunk) &&\n", replace: "" },
      {
        file: incomingSnapshot,
        find: "earlier !== null && isSameSnapshot(earlier, head) &&",
        replace: 'earlier !== null && !isSameSnapshot(earlier, { ...head, hash: "" }) &&',
      },
      {
        file: incomingSnapshot,
        find: 'this.isComplete && this.#hash.copy().digest("hex") === this.head.hash',
        replace: "this.isComplete",
      },
    ],
  },
  {
    id: "S10",
    severity: 1,
    title: "an installation that a crash cut short is not finished: new snapshot, old log",
    killer: "assertion SnapshotInLog",
    edits: [
      {
        file: openStorage,
        find: "loaded === null ? found.hardState : await reconcile(log, loaded.meta, found.hardState)",
        replace: "found.hardState",
      },
    ],
  },
  {
    id: "S11",
    severity: 1,
    title: "the log is compacted although the bytes of the snapshot were never synced",
    killer: "SoundDataOpens",
    edits: [
      {
        file: snapshotWriter,
        find: "    await this.#file.sync();\n    await this.#file.close();\n",
        replace: "    await this.#file.close();\n",
      },
    ],
  },
  {
    id: "S12",
    severity: 1,
    title: "a snapshot is written from sessions that change meanwhile",
    killer: "SoundDataOpens",
    edits: [
      {
        file: sessionTable,
        find: "return { sessions: this.#sessions.clone(), leases: this.#leases.clone() };",
        replace: "return { sessions: this.#sessions, leases: this.#leases };",
      },
    ],
  },
  {
    id: "S13",
    severity: 1,
    title: "a received snapshot is taken up although its bytes were never synced",
    killer: "SoundDataOpens",
    edits: [
      {
        file: incomingSnapshot,
        find: "    await this.#file.sync();\n    await this.#file.close();\n",
        replace: "    await this.#file.close();\n",
      },
    ],
  },
  {
    id: "S14",
    severity: 1,
    title: "a snapshot is gone on with from bytes that were never durable and are compared with nothing",
    killer: "SoundDataOpens",
    edits: [
      {
        file: incomingSnapshot,
        find: "    await this.#file.sync();\n    const record",
        replace: "    const record",
      },
      {
        file: incomingSnapshot,
        find: "return this.#checksum === checksum;",
        replace: "return this.#checksum === checksum || this.#received === received;",
      },
      {
        file: incomingSnapshot,
        find: 'this.isComplete && this.#hash.copy().digest("hex") === this.head.hash',
        replace: "this.isComplete",
      },
    ],
  },
  {
    id: "S15",
    severity: 1,
    title: "a chunk is taken at whatever offset it is for",
    killer: "SoundDataOpens",
    edits: [
      { file: snapshotPuller, find: "    chunk.offset === pull.accepted &&\n", replace: "" },
      {
        file: incomingSnapshot,
        find: 'this.isComplete && this.#hash.copy().digest("hex") === this.head.hash',
        replace: "this.isComplete",
      },
    ],
  },
];
