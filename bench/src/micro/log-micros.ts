import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { encodeCommand } from "@flotilla/kv";
import { silentLogger } from "@flotilla/runtime";
import { realClock, realDisk, realRandom } from "@flotilla/runtime/real";
// The log is no part of the package's face: a bench looks behind it.
import { encodeEntry } from "../../../packages/raft/dist/core/entry-codec.js";
import { openStorage } from "../../../packages/raft/dist/storage/open-storage.js";
import type { Micro, Prepared } from "./measure.ts";
import { setCommand } from "./sample-data.ts";

function fail(error: unknown): never {
  throw error;
}

async function openLog(folder: string, batch: number): Promise<Prepared> {
  const own = await mkdtemp(join(folder, "log-"));
  const { log } = await openStorage({
    host: {
      clock: realClock(),
      disk: realDisk(own),
      random: realRandom(),
      logger: silentLogger,
      probe: () => {},
    },
    cluster: "bench",
    id: "a",
    bootstrap: [{ id: "a", address: "127.0.0.1:1" }],
    onFailure: fail,
  });
  const payload = encodeCommand(setCommand(1));
  let index = 0;
  let hardState: { readonly term: number; readonly vote: string } | null = { term: 1, vote: "a" };
  const run = async (): Promise<void> => {
    const entries = Array.from({ length: batch }, () => {
      index += 1;
      return encodeEntry({ index, term: 1, timeMs: index, kind: "command", payload });
    });
    await log.append({ reset: null, truncateFrom: null, entries, hardState, commit: index - batch });
    hardState = null;
  };
  return { operations: batch, run, close: () => log.close() };
}

/** The durable log on this disk: each batch is one synced write. */
export const logMicros: readonly Micro[] = [1, 16, 128, 1_024].map((batch) => ({
  name: `log append, ${batch} a batch`,
  of: "entry of 256 B, synced",
  prepare: (folder) => openLog(folder, batch),
}));
