import { FlotillaError } from "@flotilla/runtime";
import { expect } from "vitest";
import { contents } from "./disk-fixture.ts";
import type { DiskFixture } from "./disk-fixture.ts";

const refusals = ["ERR_FLOTILLA_DAMAGED", "ERR_FLOTILLA_FOREIGN", "ERR_FLOTILLA_WIPED"] as const;

/** What a disk holds, or that it is refused; it loses its power afterwards. A snapshot holds what the tests put there. */
export async function opened(disk: DiskFixture): Promise<string> {
  try {
    const storage = await disk.open();
    const { recovered, restore, log } = storage;
    const { snapshot, last, hardState, commit } = recovered;
    restore?.replace();
    const state = [...disk.stateMachine.bytes];
    const found = JSON.stringify({ last, hardState, commit, base: log.base, log: contents(storage) });
    expect(snapshot.index).toBeGreaterThanOrEqual(log.base.index);
    if (snapshot.index > 0)
      expect(state).toEqual(Array.from({ length: 5 * snapshot.index }, (_, k) => k + snapshot.index));
    await disk.run(log.close());
    return found;
  } catch (error) {
    if (!FlotillaError.is(error) || !refusals.some((code) => code === error.code)) throw error;
    return "refused";
  } finally {
    disk.powerLoss();
  }
}
