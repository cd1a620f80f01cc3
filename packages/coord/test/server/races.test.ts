import fc from "fast-check";
import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { Cluster } from "./cluster.ts";

type Race = "create" | "set" | "delete";

const race: fc.Arbitrary<Race> = fc.constantFrom("create", "set", "delete");

async function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    (done) => done !== false,
    () => false,
  );
}

/** Tries it for one of many; says whether it took effect. */
async function run(session: Session, kind: Race, version: number): Promise<boolean> {
  if (kind === "create") return succeeds(session.create("/r", session.id));
  if (kind === "set") return succeeds(session.set("/r", session.id, { version }));
  return succeeds(session.delete("/r", { version }));
}

test("of writes that exclude each other, asked of all members at once, one takes effect", async () => {
  const cluster = new Cluster(3);
  await cluster.start();
  const sessions = cluster.ids.map((id) => cluster.node(id).session);
  const [first] = sessions;
  if (first === undefined) throw new Error("no member");
  let races = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(race, fc.array(fc.nat(3), { minLength: 3, maxLength: 3 })), { maxLength: 20 }),
      async (steps) => {
        for (const [kind, delays] of steps) {
          const before = await cluster.until(first.exists("/r"));
          const isPossible = (before === null) === (kind === "create");
          const runs: Promise<boolean>[] = [];
          for (const [at, session] of sessions.entries()) {
            runs.push(run(session, kind, before?.version ?? 0));
            await cluster.pass(delays[at] ?? 0);
          }
          const done = await cluster.until(Promise.all(runs));
          expect(done.filter(Boolean).length).toBe(isPossible ? 1 : 0);
          if (isPossible) races += 1;
        }
      },
    ),
    { numRuns: 40 },
  );
  expect(races).toBeGreaterThan(50);
});
