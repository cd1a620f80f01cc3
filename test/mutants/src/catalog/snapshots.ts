import type { Mutant } from "../mutant.ts";
import {
  coreSnapshots,
  driver,
  following,
  machine,
  nodeSnapshots,
  openStorage,
  sessionTable,
  snapshotReceiver,
  snapshotStore,
  snapshotWrite,
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
        find: "last: applier.applied,",
        replace: "last: this.#options.committed(),",
      },
      {
        file: driver,
        find: "      term: () => this.#core.term,\n",
        replace: `      term: () => this.#core.term,
      committed: () => ({ index: this.#core.commit, term: this.#core.termAt(this.#core.commit) ?? 0 }),
`,
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
        find: "if (chunk.last.index > s.log.commit) {",
        replace: "if (chunk.last.index > 0) {",
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
        find: "s.log.compactTo(s.log.snapshot.index - s.trailingEntries)",
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
    edits: [{ file: snapshotWrite, find: "    node.created,\n", replace: "    node.numChildren,\n" }],
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
      {
        file: snapshotReceiver,
        find: "const same = incoming !== null && isSame(incoming.head, chunk);",
        replace: "const same = incoming !== null;",
      },
      {
        file: snapshotReceiver,
        find: "if (writer.checksum !== head.checksum) {",
        replace: "if (writer.checksum < 0 && isSame(head, head)) {",
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
    edits: [{ file: snapshotStore, find: "    await this.#files.sync(part);\n", replace: "" }],
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
];
