import { describe, expectTypeOf, test } from "vitest";
import type {
  AdminOptions,
  Branch,
  ClientHost,
  Clock,
  ConnectOptions,
  Coord,
  CoordNode,
  Host,
  LockHold,
  Logger,
  MemberInfo,
  MemberRole,
  Node,
  NodeChangesPage,
  Session,
  StartOptions,
  Stat,
  StopReason,
  TraceRecord,
  Watch,
  WatchBookmark,
  WatchEvent,
} from "../../src/index.ts";
import { connect, start } from "../../src/index.ts";

/** What a call gives. Never called: only its type is looked at. */
function given<T>(_call: (coord: Coord, session: Session) => T): { readonly type: T } | null {
  return null;
}

describe("types of what is public", () => {
  test("an embedded member and a client are used alike", () => {
    expectTypeOf(connect).returns.resolves.toEqualTypeOf<Coord>();
    expectTypeOf(start).returns.resolves.toEqualTypeOf<CoordNode>();
    expectTypeOf<CoordNode>().toExtend<Coord>();
    expectTypeOf<Coord>().toExtend<AsyncDisposable>();
  });

  test("what is taken and given has names that can be imported from here", () => {
    expectTypeOf<NonNullable<StartOptions["logger"]>>().toEqualTypeOf<Logger>();
    expectTypeOf<NonNullable<AdminOptions["logger"]>>().toEqualTypeOf<Logger>();
    expectTypeOf<NonNullable<StartOptions["host"]>>().toEqualTypeOf<Host>();
    expectTypeOf<NonNullable<ConnectOptions["host"]>>().toEqualTypeOf<ClientHost>();
    expectTypeOf<NonNullable<StartOptions["trace"]>>().parameter(0).toEqualTypeOf<TraceRecord>();
    expectTypeOf<Session["clock"]>().toEqualTypeOf<Clock>();
    expectTypeOf<CoordNode["closed"]>().resolves.toEqualTypeOf<StopReason>();
    expectTypeOf<MemberInfo["role"]>().toEqualTypeOf<MemberRole>();
  });

  test("reads of what may be absent say so", () => {
    expectTypeOf<Session["get"]>().returns.resolves.toEqualTypeOf<Node | null>();
    expectTypeOf<Session["exists"]>().returns.resolves.toEqualTypeOf<Stat | null>();
    expectTypeOf<Session["history"]>().returns.resolves.toEqualTypeOf<NodeChangesPage>();
    expectTypeOf<Session["delete"]>().returns.resolves.toEqualTypeOf<boolean>();
    given((_, session) => {
      // @ts-expect-error: a level there is none of
      void session.get("/x", { level: "stale" });
      // @ts-expect-error: a revision is a number
      void session.get("/x", { revision: "7" });
    });
  });

  test("a watch yields bookmarks only when it was asked for them", () => {
    const plain = given((_, session) => session.watch("/x"));
    const marked = given((_, session) => session.watch("/x", { bookmarks: true }));
    expectTypeOf(plain).toEqualTypeOf<{ readonly type: Promise<Watch> } | null>();
    expectTypeOf(marked).toEqualTypeOf<{
      readonly type: Promise<Watch<WatchEvent | WatchBookmark>>;
    } | null>();
    type Deleted = Extract<WatchEvent, { type: "created" | "changed" | "deleted" }>;
    expectTypeOf<Deleted["node"]>().toEqualTypeOf<Node | null>();
  });

  test("a multi takes items of known types and says which branch was done", () => {
    const done = given(async (_, session) => (await session.multi([])).branch);
    expectTypeOf(done).toEqualTypeOf<{ readonly type: Promise<Branch> } | null>();
    given((_, session) => {
      // @ts-expect-error: no such item
      void session.multi([{ type: "append", path: "/x", value: "" }]);
      // @ts-expect-error: an item without its value
      void session.multi([{ type: "set", path: "/x" }]);
    });
  });

  test("a lock gives what its work gave, and asks for permits only where there are some", () => {
    const found = given((coord) => coord.lock("x").run(({ epoch }) => Promise.resolve(epoch)));
    expectTypeOf(found).toEqualTypeOf<{ readonly type: Promise<number> } | null>();
    const tried = given((coord) => coord.lock("x").tryAcquire());
    expectTypeOf(tried).toEqualTypeOf<{ readonly type: Promise<LockHold | null> } | null>();
    given((coord) => {
      void coord.semaphore("x", { permits: 3 }).acquire({ permits: 2 });
      // @ts-expect-error: a lock has no permits
      void coord.lock("x").acquire({ permits: 2 });
      // @ts-expect-error: how many there are is never a guess
      void coord.semaphore("x");
    });
  });

  test("work of an election gives nothing back", () => {
    given((coord) => {
      void coord.election("x").run(() => {});
      // @ts-expect-error: what would it be of several terms
      void coord.election("x").run(() => 7);
    });
  });
});
