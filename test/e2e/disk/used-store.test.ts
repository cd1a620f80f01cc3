import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { roundsOr } from "../support/endurance.ts";
import { StoreModel } from "../support/store-model.ts";
import { StoreProcess } from "../support/store-process.ts";
import type { StoreAnswer } from "../support/store-process.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

// The long form: FLOTILLA_ROUNDS=100 npx vitest run --project e2e disk/used-store
const rounds = roundsOr(5);
const limitMs = 60_000 + rounds * 20_000;

const inUse = { type: "refused", code: "ERR_FLOTILLA_LOCKED" };

test(
  "a store stays closed to other processes, also when its own asks for it once more",
  { timeout: limitMs },
  async () => {
    await using folder = await TemporaryFolder.create("used-store");
    const directory = join(folder.path, "data");
    await using one = new StoreProcess();
    await using other = new StoreProcess();
    one.start();
    other.start();
    expect(await one.step({ type: "open", directory })).toMatchObject({ type: "done" });
    expect(await one.step({ type: "open", directory })).toMatchObject(inUse);
    expect(await other.step({ type: "open", directory })).toMatchObject(inUse);
    expect(await one.step({ type: "open-in-thread", directory })).toMatchObject(inUse);
    expect(await other.step({ type: "open", directory })).toMatchObject(inUse);
    expect(await one.step({ type: "close" })).toMatchObject({ type: "done" });
    expect(await other.step({ type: "open", directory })).toMatchObject({ type: "done" });
  },
);

test(
  `of processes that open a store at one moment one has it, with all that was written, ${rounds} times`,
  { timeout: limitMs },
  async () => {
    await using folder = await TemporaryFolder.create("contended-store");
    const directory = join(folder.path, "data");
    const model = new StoreModel(1, 60_000);
    await using one = new StoreProcess();
    await using two = new StoreProcess();
    await using three = new StoreProcess();
    const all = [one, two, three];
    for (const each of all) each.start();
    for (let round = 1; round <= rounds; round += 1) {
      const answers = await Promise.all(all.map((each) => each.step({ type: "open", directory })));
      const winner = all[answers.findIndex(({ type }) => type === "done")];
      expectOne(answers, model, round);
      for (let k = 0; k < 5; k += 1) expect(await winner?.step(model.draw())).toMatchObject({ type: "done" });
      expect(await winner?.step({ type: "close" })).toMatchObject({ type: "done" });
    }
  },
);

/** That one of them opened the store, as it was left, and the others were told that it is in use. */
function expectOne(answers: readonly StoreAnswer[], model: StoreModel, round: number): void {
  const opened = answers.filter(({ type }) => type === "done");
  const others = answers.filter(({ type }) => type !== "done");
  const place = `round ${round}: ${JSON.stringify(others)}`;
  expect(opened, place).toMatchObject([{ state: model.possible(model.steps)[0] }]);
  for (const other of others) expect(other, place).toMatchObject(inUse);
}

test(
  `a process that is killed while several open a store takes nothing with it, ${rounds} times`,
  { timeout: limitMs },
  async () => {
    await using folder = await TemporaryFolder.create("killed-opening");
    const directory = join(folder.path, "data");
    const random = keyedRandom(1, "killed-opening");
    const model = new StoreModel(2, 60_000);
    await using doomed = new StoreProcess();
    await using one = new StoreProcess();
    await using two = new StoreProcess();
    for (let round = 1; round <= rounds; round += 1) {
      for (const each of [doomed, one, two]) each.start();
      const first = doomed.step({ type: "open", directory });
      await pause(random.below(150));
      const rest = [one, two].map((each) => each.step({ type: "open", directory }));
      await pause(random.below(50));
      await doomed.kill();
      const answers = [await first, ...(await Promise.all(rest))].filter(({ type }) => type !== "ended");
      if (answers.some(({ type }) => type === "done")) expectOne(answers, model, round);
      else for (const answer of answers) expect(answer, `round ${round}`).toMatchObject(inUse);
      for (const each of [one, two]) await each.kill();
      doomed.start();
      const opened = await doomed.step({ type: "open", directory });
      expectOne([opened], model, round);
      for (let k = 0; k < 5; k += 1) expect(await doomed.step(model.draw())).toMatchObject({ type: "done" });
      await doomed.kill();
    }
  },
);
