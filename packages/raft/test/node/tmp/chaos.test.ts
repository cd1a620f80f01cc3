import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { World } from "/work/main/packages/raft/test/node/world.ts";
const ids = ["a", "b", "c"];
const probes = new Map<string, number>();
async function chaos(seed: number): Promise<void> {
  const world = new World(seed, ids, { snapshotEntries: 20, trailingEntries: 5 });
  const random = world.kernel.random("storm");
  const { network } = world.kernel;
  const acknowledged: string[] = [];
  const refused: string[] = [];
  const logs: string[] = [];
  world.kernel.onLog((l) => { if (l.level === "error") logs.push(`${l.node} ${l.message} ${String((l.fields["err"] as Error | undefined)?.stack)}`); });
  await world.startAll();
  let next = 1;
  let lastReadOk = 0;
  for (let round = 0; round < 20; round += 1) {
    const kind = random.below(8);
    const victim = ids[random.below(3)] ?? "a";
    const other = ids.find((i) => i !== victim) ?? "b";
    if (kind === 0) network.isolate(victim);
    if (kind === 1) network.cut(victim, other);
    if (kind === 2) network.halfOpen(victim, other);
    if (kind === 3) network.reset(victim, other);
    if (kind === 4) network.setPeerFaults({ drop: 0.05, repeat: 0.05, reorder: 0.1 });
    if (kind === 5) world.kernel.node(victim).pause();
    if (kind === 6) world.crash(victim, true);
    if (kind === 7) world.kernel.node(victim).disk.stick();
    for (let k = 0; k < 15; k += 1) {
      const all = [...world.running.values()];
      const process = all[random.below(all.length)];
      const text = String(next);
      next += 1;
      if (process === undefined) continue;
      world.propose(process, text).then(
        () => acknowledged.push(text),
        (error: unknown) => FlotillaError.is(error, "ERR_FLOTILLA_DROPPED") && refused.push(text),
      );
      const ackedBefore = acknowledged.slice();
      const reader = all[random.below(all.length)];
      reader?.node.read().then(() => { lastReadOk += 1; const seen = new Set(reader.counter.applied); for (const a of ackedBefore) if (!seen.has(a)) throw new Error(`stale read: ${a}`); }, () => {});
      await world.runFor(random.below(300));
    }
    network.healAll();
    if (kind === 5) world.kernel.node(victim).resume();
    if (kind === 7) world.kernel.node(victim).disk.unstick();
    if (kind === 6) await world.start(victim);
    await world.runFor(random.below(2500));
  }
  await world.runFor(15_000);
  expect(logs, `seed ${seed}`).toEqual([]);
  const last = await world.untilLeader();
  await world.kernel.until(world.propose(last, "0"));
  await world.runFor(5000);
  const [first, ...rest] = [...world.running.values()];
  for (const { counter } of rest) expect(counter.applied, `seed ${seed}`).toEqual(first?.counter.applied);
  const applied = new Set(first?.counter.applied);
  expect(applied.size, `seed ${seed}`).toBe(first?.counter.applied.length);
  expect(acknowledged.filter((text) => !applied.has(text)), `seed ${seed}`).toEqual([]);
  expect(refused.filter((text) => applied.has(text)), `seed ${seed}`).toEqual([]);
  for (const [name, n] of world.kernel.probes) probes.set(name, (probes.get(name) ?? 0) + n);
  probes.set("acked", (probes.get("acked") ?? 0) + acknowledged.length);
  probes.set("proposed", (probes.get("proposed") ?? 0) + next);
  probes.set("reads", (probes.get("reads") ?? 0) + lastReadOk);
}
test("chaos", { timeout: 600_000 }, async () => {
  const from = Number(process.env["SEED"] ?? 1000);
  const failures: string[] = [];
  for (let seed = from; seed < from + Number(process.env["N"] ?? 60); seed += 1) {
    try { await chaos(seed); } catch (error) { failures.push(`${seed}: ${String((error as Error).message).slice(0, 1500)}`); if (failures.length >= 4) break; }
  }
  console.log(Object.fromEntries([...probes].sort()));
  console.log(failures.join("\n----\n"));
  expect(failures.length).toBe(0);
});
