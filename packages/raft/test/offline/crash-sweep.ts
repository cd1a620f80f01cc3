import type { DiskFixture } from "../storage/disk-fixture.ts";

/** Does the work and loses power at stage `point` of its writes; false when it never came to that. */
async function crashedAt(disk: DiskFixture, point: number, work: () => Promise<unknown>): Promise<boolean> {
  let stages = 0;
  const state = { crashed: false, over: false };
  const stop = disk.machine.disk.onWrite(() => {
    stages += 1;
    if (stages !== point) return;
    state.crashed = true;
    disk.machine.crash({ powerOff: true });
  });
  const over = (): void => void (state.over = true);
  work().then(over, over);
  await disk.kernel.run({ untilMs: disk.kernel.nowMs + 60_000, until: () => state.crashed || state.over });
  stop();
  if (state.crashed) disk.host = disk.machine.start();
  return state.crashed;
}

/** A disk to work on, and what is to be done to it. */
export interface Sweep {
  readonly begin: (seed: number) => Promise<DiskFixture>;
  readonly work: (disk: DiskFixture) => Promise<unknown>;
  /** Looks at what a power loss left. */
  readonly found: (disk: DiskFixture, where: string) => Promise<void>;
}

/** Loses power at each write of the work, several times each, as what was not synced is lost by chance. How many writes. */
export async function sweep({ begin, work, found }: Sweep): Promise<number> {
  for (let point = 1; ; point += 1) {
    for (const seed of [point, point + 1000, point + 2000]) {
      const disk = await begin(seed);
      if (!(await crashedAt(disk, point, () => work(disk)))) return point - 1;
      await found(disk, `power loss at write ${point}, seed ${seed}`);
    }
  }
}
