import type { Edit, Mutant } from "../mutant.ts";
import {
  appendLoop,
  birth,
  election,
  entryCodec,
  keys,
  logRecovery,
  logStore,
  openStorage,
} from "./files.ts";

/** What a recovery that believes whatever it finds returns. */
const believing: readonly Edit[] = [
  {
    file: logRecovery,
    find: "  if (scan.last.index !== last.index)\n",
    replace: "  if (scan.last.index < 0)\n",
  },
  {
    file: logRecovery,
    find: "if (scan.last.term !== last.term || scan.chain !== chain)",
    replace: "if (scan.chain < 0 && chain < 0)",
  },
  {
    file: logRecovery,
    find: "  return {\n    tail,\n",
    replace: `  const commit = Math.min(tail.commit, scan.last.index);
  return {
    tail: { ...tail, commit, last: scan.last, chain: scan.chain },
`,
  },
];

/** What a disk may do, and what must not come of it. */
export const disk: readonly Mutant[] = [
  {
    id: "D01",
    severity: 1,
    title: "nobody waits for the write of the log",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: logStore,
        find: "await this.#store.write(plan.writes);",
        replace: "this.#store.write(plan.writes).catch(this.#onFailure);",
      },
    ],
  },
  {
    id: "D02",
    severity: 1,
    title: "a write that failed counts as done",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: logStore,
        find: "await this.#store.write(plan.writes);",
        replace: "await this.#store.write(plan.writes).catch(() => {});",
      },
    ],
  },
  {
    id: "D03",
    severity: 1,
    title: "the log found is believed, holes and all",
    killer: "NoRegression",
    edits: [
      ...believing,
      {
        file: logRecovery,
        find: "last === undefined || first.index !== scan.last.index + 1) {",
        replace: "last === undefined) {",
      },
    ],
  },
  {
    id: "D04",
    severity: 1,
    title: "nothing outside of the store says what was promised",
    killer: "NoRegression",
    edits: [
      {
        file: birth,
        find: "if (marker?.initialised === true) return requireSame(marker, stored);",
        replace:
          "if (stored !== null) return marker?.initialised === true ? requireSame(marker, stored) : stored;",
      },
      { file: openStorage, find: "  if (found.tail.seq < mark)\n", replace: "  if (mark < 0)\n" },
    ],
  },
  {
    id: "D05",
    severity: 1,
    title: "the checksum of an entry is not compared",
    killer: "test a change of any one byte is found",
    edits: [
      {
        file: entryCodec,
        find: 'if (view.getUint32(crcAt) !== checksum(frame)) refuse("the checksum does not match");',
        replace: "",
      },
    ],
  },
  {
    id: "D06",
    severity: 1,
    title: "at a damaged entry the log is cut off, and the node carries on",
    killer: "NoRegression",
    edits: [
      ...believing,
      {
        file: logRecovery,
        find: "    else takeRun(scan, tail, packed, first);\n",
        replace: `    else {
      try {
        takeRun(scan, tail, packed, first);
      } catch {
        break;
      }
    }
`,
      },
    ],
  },
  {
    id: "D07",
    severity: 1,
    title: "an append for which there was no space is answered as done",
    killer: "DurableBeforeAck",
    edits: [
      {
        file: appendLoop,
        find: "this.#writing = this.#write(task).catch(onFailure);",
        replace: "this.#writing = this.#write(task).catch(() => this.#options.onDone(task));",
      },
    ],
  },
  {
    id: "D08",
    severity: 3,
    title: "a member goes on leading while its disk is stuck",
    killer: "LeaderDisk",
    edits: [
      {
        file: election,
        find: 'if (s.isDiskStalled) stepDown(s, "raft-leader-disk-stalled");\n  else if',
        replace: "if",
      },
    ],
  },
  {
    id: "D09",
    severity: 1,
    title: "keys of the log are decimal numbers: 10 sorts before 9",
    killer: "SoundDataOpens",
    edits: [
      {
        file: keys,
        find: "  const key = new Uint8Array(runKeyBytes);\n",
        replace: `  const digits = new TextEncoder().encode(String(first));
  if (first > 0) return Uint8Array.of(runPrefix, ...digits);
  const key = new Uint8Array(runKeyBytes);
`,
      },
      {
        file: keys,
        find: "  if (key.length !== runKeyBytes || key[0] !== runPrefix)\n",
        replace: `  if (key[0] === runPrefix) return Number(new TextDecoder().decode(key.subarray(1)));
  if (key.length !== runKeyBytes || key[0] !== runPrefix)
`,
      },
    ],
  },
];
