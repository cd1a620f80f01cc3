import type { Storage } from "../../src/storage/open-storage.ts";
import type { DiskFixture } from "./disk-fixture.ts";

/** One thing done to an open storage. */
export type Step = (storage: Storage) => Promise<void>;

/**
 * Runs all steps on one opening and loses power at stage `point` of its writes. How many steps were finished, -1 when
 * not even the opening was; null: it never came to that.
 */
export async function crashedAt(
  disk: DiskFixture,
  point: number,
  steps: readonly Step[],
): Promise<number | null> {
  let stages = 0;
  let finished = -1;
  const state = { crashed: false, over: false };
  const stop = disk.machine.disk.onWrite(() => {
    stages += 1;
    if (stages !== point) return;
    state.crashed = true;
    disk.machine.crash({ powerOff: true });
  });
  const done = (async () => {
    const storage = await disk.openUnwatched();
    finished = 0;
    for (const step of steps) {
      await step(storage);
      finished += 1;
    }
  })();
  const end = (): void => {
    state.over = true;
  };
  done.then(end, end);
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + 60_000, until: () => state.crashed || state.over });
  stop();
  if (!state.crashed) {
    await done;
    return null;
  }
  disk.host = disk.machine.start();
  return finished;
}
