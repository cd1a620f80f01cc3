import { realDisk } from "@flotilla/runtime/real";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { join } from "node:path";
import { roundsOr } from "../support/endurance.ts";
import { FailingDisk } from "../../jepsen/src/processes/failing-disk.ts";
import { MemberProcess } from "../../jepsen/src/processes/member-process.ts";
import { whyNoPreload } from "../../jepsen/src/processes/preload.ts";
import { SmallDisk, whyNoMount } from "../../jepsen/src/processes/small-disk.ts";
import { StoreModel } from "../support/store-model.ts";
import { StoreProcess } from "../support/store-process.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";

// The long form: FLOTILLA_ROUNDS=50 npx vitest run --project e2e disk/failing-store
const rounds = roundsOr(1);
const limitMs = 60_000 + rounds * 20_000;
const noPreload = whyNoPreload();
if (noPreload !== null) console.warn(`SKIP: ${noPreload}: a failing disk is not tested with a real store`);
const noMount = whyNoMount();
if (noMount !== null) console.warn(`SKIP: ${noMount}: a full disk is not tested with a real store`);

interface Failure {
  readonly store: StoreProcess;
  readonly directory: string;
  readonly model: StoreModel;
  /** Called once so many steps were answered. */
  readonly failFrom: number;
  readonly fail: () => Promise<void>;
  /** Called before the store is opened again. */
  readonly mend: () => void;
}

/** Writes until a step fails, and looks for what was acknowledged once the disk is whole again. */
async function untilFailure({ store, directory, model, failFrom, fail, mend }: Failure): Promise<void> {
  store.start();
  expect(await store.step({ type: "open", directory })).toMatchObject({ type: "done" });
  let acked = 0;
  for (let failed = false; !failed;) {
    if (acked === failFrom) await fail();
    const step = model.draw();
    const answer = await store.step(step);
    failed = answer.type !== "done";
    if (!failed) acked += 1;
    else expect(answer).toMatchObject({ type: "refused", code: "ERR_FLOTILLA_STORAGE" });
    // It takes nothing more, whatever the disk does from now on.
    if (failed && step.type === "append") expect(await store.step(step)).toMatchObject({ type: "refused" });
  }
  await store.kill();
  mend();
  store.start();
  const opened = await store.step({ type: "open", directory });
  expect(opened).toMatchObject({ type: "done" });
  if (opened.type === "done") expect(model.possible(acked)).toContainEqual(opened.state);
  await store.kill();
}

test.skipIf(noPreload !== null).each(["sync-once", "sync-forever", "write-eio", "write-full"] as const)(
  `%s: a store takes nothing after the first failure, and holds what was acknowledged, ${rounds} times`,
  { timeout: limitMs },
  async (failure) => {
    for (let seed = 1; seed <= rounds; seed += 1) {
      await using folder = await TemporaryFolder.create(failure);
      const directory = join(folder.path, "data");
      const disk = FailingDisk.build(folder.path);
      // The disk is replaced by a good one that holds the same before the second life.
      await using store = new StoreProcess((life) => (life === 1 ? disk.env(directory, failure) : {}));
      const model = new StoreModel(seed, 60_000);
      const failFrom = keyedRandom(seed, failure).below(60);
      await untilFailure({ store, directory, model, failFrom, fail: () => disk.fail(), mend: () => {} });
    }
  },
);

test.skipIf(noPreload !== null).each([[["clear", "write"]], [["write", "clear"]], [["write", "write"]]])(
  "a disk that is full for one write takes nothing that was acknowledged: %s at once",
  { timeout: limitMs },
  async (asked) => {
    await using folder = await TemporaryFolder.create("cleared-store");
    const directory = join(folder.path, "data");
    const disk = FailingDisk.build(folder.path);
    const said: unknown[] = [];
    await using store = new MemberProcess({
      id: "store",
      command: [join(import.meta.dirname, "../support/cleared-store.mjs"), directory, ...asked],
      env: () => disk.env(directory, "write-full-once"),
    });
    store.onMessage((message) => said.push(message));
    store.start();
    await until("it is written", () => said[0], {
      hopeless: () => store.failed,
      diagnose: () => store.log,
    });
    await disk.fail();
    store.send({ type: "clear" });
    await store.ended();
    await using again = await realDisk(directory).openStore("log");
    expect(await again.get(Buffer.from("z-acknowledged"))).toEqual(new Uint8Array(100));
    expect(await again.get(Buffer.from("z-refused"))).toBeUndefined();
    const refused = "ERR_FLOTILLA_STORAGE";
    expect(said).toEqual(["written", [refused, refused, refused]]);
  },
);

test.skipIf(noMount !== null)(
  `a full disk takes nothing that was acknowledged, ${2 * rounds} times`,
  { timeout: limitMs },
  async () => {
    for (let seed = 1; seed <= 2 * rounds; seed += 1) {
      await using folder = await TemporaryFolder.create("full-store");
      const bytes = (1 << 20) + keyedRandom(seed, "size").below(2 << 20);
      using disk = new SmallDisk(folder.path, bytes);
      await using store = new StoreProcess();
      await untilFailure({
        store,
        directory: join(folder.path, "data"),
        model: new StoreModel(seed, 500_000),
        failFrom: 0,
        fail: async () => {},
        mend: () => disk.resize(64 << 20),
      });
    }
  },
);
