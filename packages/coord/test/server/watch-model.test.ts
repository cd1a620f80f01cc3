import type { Operation, TreeOp, WatchKind } from "@flotilla/kv";
import fc from "fast-check";
import { test } from "vitest";
import type { WatchWants } from "../../src/wire/messages.ts";
import type { Asked } from "./watch-world.ts";
import { mortalLease, WatchWorld } from "./watch-world.ts";
import { put, sessionA } from "./world.ts";

const paths = fc.constantFrom("/a", "/b", "/a/x", "/a/y", "/a/x/z", "/b/w");

function create(path: string, lease: string | null): TreeOp {
  return { type: "create", path, value: new Uint8Array(0), lease, sequential: false, guarded: false };
}

function remove(path: string): TreeOp {
  return { type: "delete", path, if: {}, force: false, recursive: true };
}

const leases = fc.constantFrom(null, sessionA, mortalLease);
const treeOp: fc.Arbitrary<TreeOp> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(paths, fc.nat(99)).map(([path, value]) => put(path, String(value)) as TreeOp),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(paths, leases).map(([path, lease]) => create(path, lease)),
  },
  { weight: 1, arbitrary: paths.map(remove) },
);
const family = fc.constantFrom("/a", "/b").map((path) => [create(path, null), create(`${path}/x`, null)]);
/** Some of these change what is there, others make it. */
const puts = fc
  .array(fc.constantFrom("/a", "/b", "/a/x", "/a/y"), { maxLength: 4 })
  .map((rest) => ["/a", ...rest].map((path, value) => put(path, String(value)) as TreeOp));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: treeOp },
  {
    weight: 2,
    arbitrary: fc
      .oneof(fc.array(treeOp, { minLength: 1, maxLength: 4 }), family, puts)
      .map((ops) => ({ type: "multi", ops }) as const),
  },
);

const wants: fc.Arbitrary<WatchWants | null> = fc.option(
  fc.record({
    types: fc.subarray(["created", "changed", "deleted"] as const, { minLength: 1 }),
    names: fc.constantFrom(null, null, "x*", "w*"),
    values: fc.boolean(),
    previous: fc.boolean(),
    bookmarkMs: fc.constantFrom(null, 100, 300),
  }),
  { nil: null },
);
const asked: fc.Arbitrary<Asked> = fc.record({
  path: fc.oneof(paths, fc.constant("/")),
  kind: fc.constantFrom<WatchKind>("data", "children", "recursive", "recursive"),
  wants,
  once: fc.constantFrom(false, false, false, true),
});

const operations = fc.array(operation, { maxLength: 4 });

type Step = (world: WatchWorld) => Promise<void>;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(operation, { minLength: 1, maxLength: 6 }).map((all) => async (world: WatchWorld) => {
      for (const each of all) world.write(each);
      await world.commit();
    }),
  },
  { weight: 3, arbitrary: asked.map((each) => (world: WatchWorld) => world.watch(each)) },
  { weight: 1, arbitrary: fc.constant((world: WatchWorld) => world.expire()) },
  {
    weight: 1,
    arbitrary: fc.tuple(operations, operations).map(
      ([lost, away]) =>
        (world: WatchWorld) =>
          world.reconnect(lost, away),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("slow" as const, "fast" as const)
      .map((pace) => (world: WatchWorld) => world.pace(pace)),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 400 }).map((ms) => (world: WatchWorld) => world.advance(ms)),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(9), fc.nat(5)).map(([which, most]) => async (world: WatchWorld) => {
      await world.followed[which % Math.max(1, world.followed.length)]?.read(most);
    }),
  },
);

test("watches tell what a list of all changes says, whatever their client's pace and connections", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(asked, { minLength: 1, maxLength: 3 }),
      fc.array(step, { maxLength: 40 }),
      async (first, steps) => {
        const world = new WatchWorld();
        await world.start();
        for (const each of first) await world.watch(each);
        for (const each of steps) await each(world);
        await world.finish();
      },
    ),
    { numRuns: 150 },
  );
}, 240_000);
