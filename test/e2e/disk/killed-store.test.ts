import { setTimeout as pause } from "node:timers/promises";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { roundsOr } from "../support/endurance.ts";
import { StoreModel } from "../support/store-model.ts";
import { StoreProcess } from "../support/store-process.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

// The long form: FLOTILLA_ROUNDS=200 npx vitest run --project e2e disk/killed-store
const rounds = roundsOr(2);
const livesPerRound = 5;

test(
  `whatever was written when the process was killed is there, whole or not at all, ${rounds} times`,
  { timeout: 60_000 + rounds * 20_000 },
  async () => {
    for (let seed = 1; seed <= rounds; seed += 1) {
      await using folder = await TemporaryFolder.create("killed-store");
      await using store = new StoreProcess();
      const model = new StoreModel(seed, seed % 4 === 0 ? 3_000_000 : 60_000);
      const random = keyedRandom(seed, "kills");
      let acked = 0;
      for (let life = 1; life <= livesPerRound; life += 1) {
        store.start();
        const opened = await store.step({ type: "open", directory: folder.path });
        if (opened.type !== "done" || opened.state === null)
          throw new Error(`seed ${seed}, life ${life}: ${JSON.stringify(opened)}`);
        expect(model.possible(acked), `seed ${seed}, life ${life}`).toContainEqual(opened.state);
        model.find(opened.state, acked);
        const dies = 1 + random.below(40);
        acked = 0;
        let killed = Promise.resolve();
        const asked = Array.from({ length: 60 }, async () => {
          const answer = await store.step(model.draw());
          expect(answer.type, `seed ${seed}, life ${life}: ${JSON.stringify(answer)}`).not.toBe("refused");
          if (answer.type !== "done") return;
          acked += 1;
          if (acked === dies) killed = store.kill();
        });
        await Promise.all(asked);
        // All may have been answered before it died.
        await killed;
      }
    }
  },
);

test(
  `a first opening that was killed is done again, ${2 * rounds} times`,
  { timeout: 60_000 + rounds * 20_000 },
  async () => {
    const random = keyedRandom(rounds, "births");
    for (let k = 1; k <= 2 * rounds; k += 1) {
      await using folder = await TemporaryFolder.create("killed-birth");
      await using store = new StoreProcess();
      store.start();
      void store.step({ type: "open", directory: folder.path });
      await pause(random.below(300));
      await store.kill();
      store.start();
      const opened = await store.step({ type: "open", directory: folder.path });
      expect(opened, `birth ${k}`).toMatchObject({ type: "done", state: { term: 0, entries: [] } });
    }
  },
);
