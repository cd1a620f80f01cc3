import { forbidGlobals } from "@flotilla/runtime/sim";
import { beforeAll, expect, test } from "vitest";
import { judgeAccess } from "../src/verdict/access.ts";
import { judgePastReads } from "../src/verdict/past.ts";
import { Findings } from "../src/world/findings.ts";
import type { GoldenCommand } from "../src/world/golden-log.ts";
import { liveWorld } from "../src/world/run-world.ts";
import type { World } from "../src/world/world.ts";
import { smallPlan } from "./_support/small-plan.ts";

let world: World;

beforeAll(async () => {
  const restore = forbidGlobals();
  try {
    const plan = smallPlan(12);
    const clients = plan.clients.map((client) => ({ ...client, lists: true, recalls: true }));
    ({ world } = await liveWorld({ ...plan, clients, config: { ...plan.config, minOps: 300 } }));
  } finally {
    restore();
  }
}, 120_000);

type Parts = Partial<Pick<World["ledger"], "identities" | "aclReads" | "pastReads" | "pastNames">>;

/** What is found with other records in the place of what was recorded. */
function found(parts: Parts = {}, commands: readonly GoldenCommand[] = world.golden.commands): string[] {
  const findings = new Findings(() => 0);
  const { identities, aclReads, pastReads, pastNames } = world.ledger;
  const ledger = { identities, aclReads, pastReads, pastNames, ...parts };
  judgeAccess({ golden: { commands: [...commands] }, ledger, findings });
  judgePastReads(
    { ledger, findings },
    commands.flatMap(({ events }) => events),
  );
  return [...new Set(findings.all.map(({ invariant }) => invariant))];
}

function isListed({ command }: GoldenCommand): boolean {
  return (
    command?.type === "request" && "path" in command.operation && command.operation.path.startsWith("/acl/")
  );
}

function isRefused(result: NonNullable<GoldenCommand["result"]>): boolean {
  return !result.ok && result.code === "ERR_FLOTILLA_NO_AUTH";
}

/** The first command of those with lists that came to a result, with another one in its place. */
function withResult(
  fits: (result: NonNullable<GoldenCommand["result"]>) => boolean,
  result: GoldenCommand["result"],
): GoldenCommand[] {
  const at = world.golden.commands.findIndex(
    (each) => isListed(each) && each.result !== null && fits(each.result),
  );
  const command = world.golden.commands[at];
  if (command === undefined) throw new Error("no such command");
  return world.golden.commands.with(at, { ...command, result });
}

test("lists let some do what others may not, and nothing is wrong with it", () => {
  expect(world.findings.all).toEqual([]);
  expect(found()).toEqual([]);
  expect(new Set(world.ledger.aclReads.map(({ shown }) => shown))).toEqual(
    new Set(["node", "absent", "refused"]),
  );
  expect(new Set([...world.ledger.identities.values()].map((each) => each.length))).toEqual(new Set([0, 1]));
});

test("AccessKept notices what was done against a list, and what was refused in spite of one", () => {
  const refused = { ok: false, revision: 1, code: "ERR_FLOTILLA_NO_AUTH", failed: null } as const;
  const done = { ok: true, revision: 1, results: [] } as const;
  expect(found({}, withResult(isRefused, done))).toContain("AccessKept");
  expect(
    found(
      {},
      withResult(({ ok }) => ok, refused),
    ),
  ).toContain("AccessKept");
});

test("AccessKept notices a session that is taken for somebody else", () => {
  const identities = new Map(world.ledger.identities);
  for (const [session, known] of identities)
    identities.set(session, known.length > 0 ? [] : [{ scheme: "digest", id: "x:y" }]);
  expect(found({ identities, aclReads: [] })).toContain("AccessKept");
});

test("AccessKept notices what was shown against a list, and what was not in spite of one", () => {
  for (const shown of ["node", "refused", "absent"] as const) {
    const aclReads = world.ledger.aclReads.map((read) => ({ ...read, shown }));
    expect(found({ aclReads })).toContain("AccessKept");
  }
});

test("PastReads notices a session that is shown another past", () => {
  const { pastReads, pastNames } = world.ledger;
  expect(pastReads.filter(({ node }) => node !== null).length).toBeGreaterThan(5);
  expect(pastNames.filter(({ names }) => names.length > 0).length).toBeGreaterThan(2);
  expect(found({ pastReads: pastReads.map((read) => ({ ...read, node: null })) })).toContain("PastReads");
  expect(found({ pastReads: pastReads.map((read) => ({ ...read, revision: read.revision + 5 })) })).toContain(
    "PastReads",
  );
  expect(
    found({ pastNames: pastNames.map((read) => ({ ...read, names: [...read.names, "more"] })) }),
  ).toContain("PastReads");
});
