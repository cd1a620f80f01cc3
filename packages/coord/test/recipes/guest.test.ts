import { expect, test } from "vitest";
import { collect, World } from "./world.ts";

/** What Node warns of meanwhile. */
async function warningsOf(work: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = [];
  const listener = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listener);
  try {
    await work();
    // Warnings are emitted in a later turn.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } finally {
    process.off("warning", listener);
  }
  return warnings;
}

test("many candidates, instances and observers make Node warn of nothing", async () => {
  const warnings = await warningsOf(async () => {
    const world = await World.start();
    const { coord } = await world.client();
    const { signal } = new AbortController();
    const election = coord.election("x");
    const campaigns = Array.from({ length: 20 }, () => election.campaign());
    for (let k = 0; k < 20; k += 1) {
      await world.until(coord.registry.register({ name: "web", address: String(k) }));
      await world.until(coord.election(`e${k}`).campaign());
    }
    const watched = collect(coord.registry.watch("web", { signal }));
    expect(await world.until(coord.registry.find("web", { signal }))).toHaveLength(20);
    expect(await world.until(election.candidates({ signal }))).toHaveLength(20);
    for (const campaign of campaigns) await world.until((await world.until(campaign)).release());
    await world.pass(100);
    expect(watched.items.at(-1)?.instances).toHaveLength(20);
    await world.until(coord.close());
  });
  expect(warnings).toEqual([]);
});
