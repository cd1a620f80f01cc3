import type { Applied, Operation, TreeEvent, WatchKind } from "@flotilla/kv";
import { encodeCommand, limits, WatchTable } from "@flotilla/kv";
import type { Micro } from "./measure.ts";
import { filledReplica, pathOf, requestOf, setCommand } from "./sample-data.ts";

const batch = 1_000;
const largestBatch = 10;
const watchedKeys = 10_000;
const recursiveWatches = 100;

function applying(name: string, of: string, then: (applied: Applied) => void): Micro {
  return {
    name,
    of,
    prepare: () => {
      const { replica, nextSeq } = filledReplica();
      let seq = nextSeq;
      let encoded: Uint8Array[] = [];
      const encodeSome = (): void => {
        encoded = Array.from({ length: batch }, (_, k) => encodeCommand(setCommand(seq + k)));
        seq += batch;
      };
      encodeSome();
      return {
        operations: batch,
        run: () => {
          for (const payload of encoded) then(replica.apply(payload));
          encodeSome();
        },
      };
    },
  };
}

const apply = applying("kv apply, set of 256 B", "command, decoding and result included", (applied) => {
  if (applied.type !== "answered" || applied.result.length === 0) throw new Error("no result");
});

const applyElsewhere = applying(
  "kv apply, set of 256 B, elsewhere",
  "the same where the session is not: nobody asks for the result",
  () => {},
);

/** @param operation on a node that has the largest value there may be */
function onLargest(name: string, operation: (path: string, value: Uint8Array) => Operation): Micro {
  return {
    name,
    of: "command, decoding and result included",
    prepare: () => {
      const { replica, nextSeq } = filledReplica();
      const value = new Uint8Array(limits.valueBytes).fill(7);
      const path = pathOf(0);
      replica.apply(encodeCommand(requestOf(nextSeq, { type: "set", path, value, if: {} })));
      let seq = nextSeq;
      return {
        operations: largestBatch,
        run: () => {
          for (let k = 0; k < largestBatch; k += 1) {
            seq += 1;
            replica.apply(encodeCommand(requestOf(seq, operation(path, value))));
          }
        },
      };
    },
  };
}

const setLargest = onLargest("kv apply, set of the largest value", (path, value) => ({
  type: "set",
  path,
  value,
  if: {},
}));

const checkLargest = onLargest("kv apply, check of the largest value", (path, value) => ({
  type: "check",
  path,
  if: { value },
}));

const encodeOnly: Micro = {
  name: "kv command, encode",
  of: "command of 256 B; part of the row above",
  prepare: () => {
    let seq = 1;
    return {
      operations: batch,
      run: () => {
        for (let k = 0; k < batch; k += 1, seq += 1) encodeCommand(setCommand(seq));
      },
    };
  },
};

const read: Micro = {
  name: "kv get",
  of: "read of the tree",
  prepare: () => {
    const { replica } = filledReplica();
    let key = 0;
    return {
      operations: batch,
      run: () => {
        for (let k = 0; k < batch; k += 1, key += 7_919) {
          if (replica.machine.get(pathOf(key)) === null) throw new Error("a key is missing");
        }
      },
    };
  },
};

function watchTable(): WatchTable<number> {
  const table = new WatchTable<number>();
  for (let k = 0; k < watchedKeys; k += 1) table.add(k, pathOf(k), "data");
  const recursive: WatchKind = "recursive";
  for (let k = 0; k < recursiveWatches; k += 1) table.add(watchedKeys + k, `/other/${k}`, recursive);
  return table;
}

const watch: Micro = {
  name: "watch matching",
  of: `event among ${watchedKeys} data and ${recursiveWatches} recursive watches`,
  prepare: () => {
    const table = watchTable();
    const events = Array.from({ length: batch }, (_, k): TreeEvent => ({
      revision: k + 1,
      ordinal: 0,
      type: "changed",
      path: pathOf(k * 7_919),
      node: null,
      previous: null,
      by: null,
      timeMs: 1_700_000_000_000,
    }));
    let found = 0;
    return {
      operations: batch,
      run: () => {
        found = 0;
        for (const event of events) table.match(event, () => (found += 1));
        if (found !== batch) throw new Error("an event found no watch");
      },
    };
  },
};

/** The state machine alone. */
export const kvMicros: readonly Micro[] = [
  apply,
  applyElsewhere,
  setLargest,
  checkLargest,
  encodeOnly,
  read,
  watch,
];
