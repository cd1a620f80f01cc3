import { test } from "vitest";
import { Schedule } from "./schedule.ts";
import { founding } from "./member.ts";
test("soak", { timeout: 600000 }, () => {
  const counts = new Map<string, number>();
  let terms = 0,
    committed = 0,
    n = 0;
  const bad: string[] = [];
  const limits = {
    maxBatchBytes: 80,
    maxBatchEntries: 2,
    maxTaskBytes: 100,
    maxApplyBytes: 100,
    inflightMessages: 2,
    inflightBytes: 150,
    maxUncommittedEntries: 12,
    cacheBytes: 60,
  };
  const start = Date.now();
  for (let seed = 1; Date.now() - start < 40000; seed++) {
    const size = 1 + (seed % 5);
    const o: any = { electionTicks: 3 + (seed % 4), trailingEntries: seed % 7 };
    if (seed % 2) o.limits = limits;
    if (seed % 3 === 0) o.configuration = founding(["a", "b", "c", "d", "e"].slice(0, size));
    const s = new Schedule(seed, size, o);
    n++;
    try {
      s.run(2000);
      s.converge();
    } catch (e) {
      bad.push(`${seed}: ${(e as Error).message.slice(0, 300)}`);
    }
    for (const id of s.cluster.ids)
      for (const p of s.cluster.get(id).probes) counts.set(p, (counts.get(p) ?? 0) + 1);
    terms += s.cluster.get("a").raft.term;
    committed += s.cluster.checkers.committed;
  }
  console.log(
    n,
    { terms: terms / n, committed: committed / n },
    bad.length,
    bad.slice(0, 8),
    [...counts].sort(),
  );
});
