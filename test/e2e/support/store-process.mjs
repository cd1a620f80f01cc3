// A process that holds a node's storage on the real disk and does what it is told over IPC, one step after the other.
// In:  {type: "open", directory}, {type: "open-in-thread", directory}, {type: "append", ...}, {type: "save", ...}, {type: "compact", ...}, {type: "close"}
// Out: for each {state}, which is null but after "open", or {code, message} of the error it ended with.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { encodeConfiguration, encodeEntry, openStorage } from "@flotilla/raft/parts";
import { silentLogger } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";

const founders = [
  { id: "a", address: "a:1" },
  { id: "b", address: "b:1" },
];

const configuration = {
  index: 1,
  historyId: "0".repeat(32),
  voters: founders.map((founder) => ({ ...founder, incarnation: "1".repeat(32) })),
  outgoing: [],
  learners: [],
  leaseReads: false,
};

let storage = null;
let failure = null;

/** Entry 1 is the configuration; any other is text of its own, as long as the step says. */
function entryOf({ index, term, bytes }) {
  const kind = index === 1 ? "config" : "command";
  const payload = index === 1 ? encodeConfiguration(configuration) : Buffer.alloc(bytes, `${index}@${term} `);
  return encodeEntry({ index, term, timeMs: 1000 + index, kind, payload });
}

function contents({ log }) {
  const found = [];
  for (let index = log.base.index + 1; index <= log.last.index;) {
    for (const entry of log.read(index, { maxBytes: 1 << 20, maxEntries: 1000 })) {
      const bytes = index === 1 ? 0 : entry.payload.length;
      const whole = Buffer.compare(entry.frame, entryOf({ ...entry, bytes }).frame) === 0;
      found.push(`${entry.index}@${entry.term}/${bytes}${whole ? "" : "?"}`);
      index += 1;
    }
  }
  return found;
}

/** What a node that opened this storage would go on with. */
function stateOf({ log, recovered, restore }) {
  const { term, vote } = recovered.hardState;
  return { term, vote, base: log.base.index, entries: contents({ log }), snapshot: restore?.last.index ?? 0 };
}

// Its modules are looked for from here.
const inThread = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData.real).then(({ realDisk }) => realDisk(workerData.directory).openStore("log")).then(
    () => parentPort.postMessage(null),
    ({ code, message }) => parentPort.postMessage({ code, message }),
  );
`;

const acts = {
  async "open-in-thread"({ directory }) {
    const real = import.meta.resolve("@flotilla/runtime/real");
    const thread = new Worker(inThread, { eval: true, workerData: { real, directory } });
    const [refused] = await once(thread, "message");
    await thread.terminate();
    if (refused !== null) throw Object.assign(new Error(refused.message), refused);
    return null;
  },
  async open({ directory }) {
    const host = realHost({ directory, logger: silentLogger });
    storage = await openStorage({
      host,
      cluster: "test",
      id: "a",
      bootstrap: founders,
      onFailure: (error) => (failure ??= error),
    });
    return stateOf(storage);
  },
  async append({ truncateFrom, entries, hardState, commit }) {
    const change = { reset: null, truncateFrom, entries: entries.map(entryOf), hardState, commit };
    await storage.log.append(change);
    storage.highWater.note(storage.log.seq);
    if (hardState !== null) await storage.highWater.sync();
    return null;
  },
  async save({ last }) {
    const writer = await storage.snapshots.create(last);
    await writer.write(Buffer.alloc(100_000, `snapshot of ${last.index}`));
    const facts = { timeMs: 1000 + last.index, configuration, seq: storage.log.seq, installed: false };
    await storage.snapshots.adopt(await writer.commit(facts));
    return null;
  },
  async compact({ base }) {
    storage.log.compactTo(base);
    return null;
  },
  async close() {
    await storage.highWater.close();
    await storage.log.close();
    return null;
  },
};

let turn = Promise.resolve();
process.on("message", (step) => {
  turn = turn.then(async () => {
    try {
      // A node stops at it.
      if (failure !== null) throw failure;
      process.send({ state: await acts[step.type](step) });
    } catch (error) {
      process.send({ code: error.code ?? "none", message: error.message });
    }
  });
});
