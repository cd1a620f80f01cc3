import fc from "fast-check";
import { expect, test } from "vitest";
import type { Budget, KvCommand, Operation, TreeOp } from "../src/index.ts";
import { budgets } from "./budget-arbitraries.ts";
import { GoldenWorld } from "./golden-world.ts";
import { create, idOf, secretOf } from "./support.ts";

/*
 * Hardly anything but what budgets are about, and hardly anything wrong with it: so that bounds are met all the time, by
 * subtrees that come and go, on a machine that is restored in between.
 */

const paths = ["/a", "/a/x", "/a/x/1", "/a/x/2", "/a/y", "/a/z", "/a-b", "/a-b", "/b", "/b/1"];
const leaves = ["/a/x/1", "/a/x/2", "/a/y", "/a/z", "/a-b", "/b/1"];
/** Stands for the lease of whichever session asks. */
const own = idOf(0);
const path = fc.constantFrom(...paths);
const value = fc.uint8Array({ maxLength: 5 });
const sessions = fc.constantFrom(1, 2);

const treeOp: fc.Arbitrary<TreeOp> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(path, value).map(([at, bytes]) => create(at, { value: bytes })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...leaves), fc.constantFrom(own, own, own, idOf(8), idOf(9)))
      .map(([at, lease]) => create(at, { lease })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom("set" as const, "put" as const),
      path,
      value,
      if: fc.constantFrom({}, {}, {}, { version: 0 }),
    }),
  },
  {
    weight: 2,
    arbitrary: path.map(
      (at) => ({ type: "delete", path: at, if: {}, force: true, recursive: true }) as const,
    ),
  },
);

type Step =
  | { readonly type: "request"; readonly session: number; readonly operation: Operation }
  | { readonly type: "expire"; readonly lease: number }
  | { readonly type: "restore" };

/** What else a budget bounds is mostly reached before the leases are. */
const leasesAlone = fc.constantFrom<Budget>(
  { leases: { hard: 0 } },
  { leases: { hard: 1 } },
  { leases: { soft: 0 } },
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: treeOp },
  {
    weight: 4,
    arbitrary: fc
      .array(treeOp, { minLength: 2, maxLength: 5 })
      .map((ops) => ({ type: "multi", ops }) as const),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("set-budget" as const),
      path: fc.constantFrom("/", "/a", "/a/x", "/b"),
      budget: fc.oneof({ weight: 4, arbitrary: budgets }, { weight: 1, arbitrary: leasesAlone }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(8, 9).map((id) => ({ type: "revoke", lease: idOf(id) }) as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(8, 9).map((id) => ({ type: "grant", lease: idOf(id), ttlMs: 9_000 }) as const),
  },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ type: fc.constant("request" as const), session: sessions, operation }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("expire" as const), lease: fc.constantFrom(2, 8, 9) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restore" as const) }) },
);

function opening(id: number): KvCommand {
  return { type: "attach", session: idOf(id), secret: secretOf(id), attach: 1, ttlMs: 10_000 };
}

/** The operation as a session asks for it. */
function askedBy(session: string, op: TreeOp): TreeOp {
  return op.type === "create" && op.lease === own ? { ...op, lease: session } : op;
}

function commandOf(next: Exclude<Step, { type: "restore" }>, world: GoldenWorld): KvCommand {
  if (next.type === "expire") return { type: "expire", leases: [idOf(next.lease)] };
  const id = idOf(next.session);
  const known = world.golden.state.sessions[id];
  if (known === undefined) return opening(next.session);
  const seq = known.acked + known.results.length + 1;
  const { operation: op } = next;
  const asked = op.type === "multi" ? { ...op, ops: op.ops.map((each) => askedBy(id, each)) } : op;
  const ownOp = asked.type === "create" ? askedBy(id, asked) : asked;
  return { type: "request", session: id, attach: 1, seq, ack: seq - 1, operation: ownOp };
}

test("what is used, refused and reported is what counting everything anew comes to", () => {
  const met = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 120, size: "max" }), (steps) => {
      const world = new GoldenWorld();
      for (const id of [1, 2]) world.apply(opening(id));
      for (const next of steps) {
        if (next.type === "restore") world.advance({ kind: "restore" });
        else world.apply(commandOf(next, world));
        world.expectSameState();
        for (const { bound, kind } of world.golden.reports)
          met.set(`${bound} ${kind}`, (met.get(`${bound} ${kind}`) ?? 0) + 1);
      }
    }),
    { numRuns: 100 },
  );
  const kinds = ["nodes", "bytes", "children", "leases", "rate"];
  for (const each of ["soft", "hard"].flatMap((bound) => kinds.map((kind) => `${bound} ${kind}`)))
    expect(met.get(each) ?? 0, each).toBeGreaterThan(0);
}, 120_000);
