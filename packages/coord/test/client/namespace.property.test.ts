import { FlotillaError } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MultiItem, Session, WatchEvent } from "../../src/client/api.ts";
import { text } from "../../src/client/values.ts";
import { collect, World } from "../recipes/world.ts";

/** Good ones, and such that must lead nowhere. */
const good = ["/", "/a", "/a/b", "/c", "/a/b/d", "/ns", "/ns/a", "/a-", "/a/"];
const bad = ["", "a", "..", "/..", "/../x", "/a/../../x", "/./a", "//", "ns", "-beside"];
const path = fc.constantFrom(...good, ...bad);
const value = fc.constantFrom("", "x", "7");
const flag = fc.boolean();

const item: fc.Arbitrary<MultiItem> = fc.oneof(
  fc.record({ type: fc.constant("create" as const), path, value, sequential: flag, ephemeral: flag }),
  fc.record({ type: fc.constantFrom("set" as const, "put" as const), path, value }),
  fc.record({ type: fc.constant("delete" as const), path, recursive: flag }),
  fc.record({ type: fc.constant("add" as const), path, by: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ type: fc.constant("check" as const), path, exists: flag }),
);
const checkItem = fc.record({ type: fc.constant("check" as const), path, exists: flag });
const items = fc.array(item, { minLength: 1, maxLength: 3 });

type Call = (session: Session) => Promise<unknown>;

const call: fc.Arbitrary<Call> = fc.oneof(
  path.map(
    (at): Call =>
      (session) =>
        session.get(at),
  ),
  path.map(
    (at): Call =>
      (session) =>
        session.exists(at, { level: "local" }),
  ),
  path.map(
    (at): Call =>
      (session) =>
        session.children(at),
  ),
  path.map(
    (at): Call =>
      (session) =>
        session.usage(at),
  ),
  path.map((at): Call => async (session) => ({
    changes: (await session.history(at)).changes.map(({ type, revision }) => ({ type, revision })),
  })),
  path.map(
    (at): Call =>
      (session) =>
        session.getAcl(at),
  ),
  fc.tuple(path, value, flag, flag).map(
    ([at, to, sequential, ephemeral]): Call =>
      (session) =>
        session.create(at, to, { sequential, ephemeral }),
  ),
  fc.tuple(path, value).map(
    ([at, to]): Call =>
      (session) =>
        session.set(at, to),
  ),
  fc.tuple(path, value).map(
    ([at, to]): Call =>
      (session) =>
        session.put(at, to),
  ),
  fc
    .tuple(path, fc.constantFrom("/a", "/", "/c", "/../a", ""), value)
    .map(([at, fence, to]): Call => async (session) => {
      const stat = await session.exists("/a");
      return session.put(at, to, { fence: { path: fence, mzxid: stat?.mzxid ?? 1_000_000 } });
    }),
  fc.tuple(path, flag).map(
    ([at, recursive]): Call =>
      (session) =>
        session.delete(at, { recursive }),
  ),
  items.map(
    (all): Call =>
      (session) =>
        session.multi(all),
  ),
  fc.tuple(items, fc.array(checkItem, { maxLength: 2 }), items).map(
    ([all, wanted, others]): Call =>
      (session) =>
        session.multi(all, { if: wanted, else: others }),
  ),
);

/** What differs between two trees without a reason to: times, ids, and how many revisions there were before. */
function comparable(given: unknown, before: number): unknown {
  return JSON.parse(
    JSON.stringify(given, (key, each: unknown) => {
      if (["ctimeMs", "mtimeMs", "historyId", "digest"].includes(key)) return undefined;
      if (key === "ephemeralOwner" || key === "by") return each !== null;
      // That a namespace was made; the root of a tree never is.
      if (key === "changes" && Array.isArray(each)) return each.filter(({ revision }) => revision > before);
      if (["revision", "czxid", "mzxid", "pzxid"].includes(key)) return Math.max(0, Number(each) - before);
      return each instanceof Uint8Array ? text(each) : each;
    }),
  );
}

async function outcome(world: World, promise: Promise<unknown>, before: number): Promise<unknown> {
  try {
    return comparable({ value: await world.until(promise) }, before);
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return comparable({ code: error.code, message: error.message, details: error.details }, before);
  }
}

interface Side {
  readonly world: World;
  readonly session: Session;
  readonly before: number;
  readonly events: readonly WatchEvent[];
}

async function side(namespace?: string): Promise<Side> {
  const world = await World.start(1);
  const { session } = await world.client(namespace === undefined ? {} : { namespace });
  const { revision } = await world.until(session.status());
  const watch = await world.until(session.watch("/", { kind: "recursive" }));
  return { world, session, before: revision, events: collect(watch).items };
}

test("a client within a namespace sees and does what one does that has the tree for itself", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 20, maxLength: 40 }), async (calls) => {
      const [own, within] = [await side(), await side("/some/ns")];
      const outside = within.world.cluster.node("n1");
      for (const each of calls) {
        const [a, b] = await Promise.all(
          [own, within].map(({ world, session, before }) => outcome(world, each(session), before)),
        );
        expect(b).toEqual(a);
      }
      await Promise.all([own, within].map(({ world }) => world.pass(100)));
      expect(comparable(within.events, within.before)).toEqual(comparable(own.events, own.before));
      const roots = await within.world.until(outside.session.children("/"));
      expect(roots?.names).toEqual(["some"]);
      expect((await within.world.until(outside.session.children("/some")))?.names).toEqual(["ns"]);
    }),
    { numRuns: 12 },
  );
});
