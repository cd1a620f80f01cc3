import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { damageOne } from "../../jepsen/src/processes/file-damage.ts";
import { roundsOr } from "../support/endurance.ts";
import { StoreModel } from "../support/store-model.ts";
import type { StoreState } from "../support/store-model.ts";
import type { StoreAnswer } from "../support/store-process.ts";
import { StoreProcess } from "../support/store-process.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

// The long form: FLOTILLA_ROUNDS=200 npx vitest run --project e2e disk/damaged-store
const rounds = roundsOr(2);
const damagesPerRound = 30;

/** A store after several lives, so that it consists of tables and a log; what it holds. */
async function written(store: StoreProcess, directory: string, seed: number): Promise<StoreState> {
  const model = new StoreModel(seed, 60_000);
  for (let life = 0; life <= seed % 6; life += 1) {
    const opened = await store.step({ type: "open", directory });
    if (opened.type !== "done" || opened.state === null) throw new Error(JSON.stringify(opened));
    model.find(opened.state, model.steps);
    for (let k = 0; k < 25; k += 1) expect(await store.step(model.draw())).toMatchObject({ type: "done" });
    await store.step({ type: "close" });
  }
  const [state] = model.possible(model.steps);
  if (state === undefined) throw new Error("a model without a state");
  return state;
}

/** The entry that comes after all others. */
function nextEntry({ term, base, entries }: StoreState): { index: number; term: number; bytes: number } {
  return { index: base + entries.length + 1, term: Math.max(1, term), bytes: 50 };
}

/** Why what came of opening the damaged store, and of a write to it, must not be; null when it may. */
async function objection(store: StoreProcess, directory: string, before: StoreState): Promise<string | null> {
  const first = await store.step({ type: "open", directory });
  if (first.type === "ended") return "the process died";
  if (first.type === "refused" || first.state === null) return objectionToRefusal(first);
  if (!isSame(first.state, before)) return `opened with ${JSON.stringify(first.state).slice(0, 300)}`;
  const added = nextEntry(before);
  const hardState = before.term === 0 ? { term: 1, vote: null } : null;
  const wrote = await store.step({
    type: "append",
    truncateFrom: null,
    entries: [added],
    hardState,
    commit: 0,
  });
  if (wrote.type !== "done") return `after it opened: ${JSON.stringify(wrote)}`;
  await store.step({ type: "close" });
  const second = await store.step({ type: "open", directory });
  if (second.type !== "done" || second.state === null) return `opened once: then ${JSON.stringify(second)}`;
  await store.step({ type: "close" });
  const entries = [...before.entries, `${added.index}@${added.term}/${added.bytes}`];
  const after = { ...before, term: added.term, entries };
  return isSame(second.state, after) ? null : "what was written after it opened is not there";
}

function objectionToRefusal(answer: StoreAnswer): string | null {
  if (answer.type !== "refused") return JSON.stringify(answer);
  const { code, message } = answer;
  return code === "ERR_FLOTILLA_DAMAGED" && message !== "" ? null : `refused with ${code}: ${message}`;
}

// A damaged newest snapshot gives way to the older one, as long as the log goes on from that.
function isSame(found: StoreState, expected: StoreState): boolean {
  const restored = found.snapshot >= expected.base && found.snapshot <= expected.snapshot;
  const alike = { ...found, snapshot: 0 };
  return restored && JSON.stringify(alike) === JSON.stringify({ ...expected, snapshot: 0 });
}

test(
  `a damaged file is noticed, or the store is as it was, ${rounds * damagesPerRound} times`,
  { timeout: 60_000 + rounds * 30_000 },
  async () => {
    await using folder = await TemporaryFolder.create("damaged-store");
    await using store = new StoreProcess();
    const wrong: string[] = [];
    store.start();
    for (let seed = 1; seed <= rounds; seed += 1) {
      const whole = join(folder.path, "whole");
      const copy = join(folder.path, "copy");
      await rm(whole, { recursive: true, force: true });
      const before = await written(store, whole, seed);
      const random = keyedRandom(seed, "damages");
      for (let k = 0; k < damagesPerRound; k += 1) {
        await rm(copy, { recursive: true, force: true });
        await cp(whole, copy, { recursive: true });
        const damage = await damageOne(copy, random);
        const why = await objection(store, copy, before);
        if (why === null) continue;
        wrong.push(`seed ${seed}, damage ${k}: ${damage}: ${why}`);
        await store.kill();
        store.start();
      }
    }
    expect(wrong).toEqual([]);
  },
);
