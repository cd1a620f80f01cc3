import type { KeptEvent } from "@flotilla/kv";
import { expect, test, vi } from "vitest";
import { nextPiece } from "../../src/server/catch-up.ts";
import { MarkRound } from "../../src/server/mark-round.ts";
import { Loop } from "./loop.ts";
import { get, historyId, put, sessionA, spec, World } from "./world.ts";

const changes = 3_000;

/** A world with many changes of ten nodes. */
async function changed(): Promise<World> {
  const world = new World();
  const writer = await world.attached(sessionA);
  for (let seq = 1; seq <= changes; seq += 1) {
    writer.request(seq, put(`/d${seq % 10}`, String(seq)), seq - 1);
    if (seq % 100 !== 0) continue;
    await world.settle();
    await world.commit();
  }
  return world;
}

test("what is queued has turns to come, as much in each as it has time for", () => {
  const loop = new Loop();
  for (const name of ["a", "b", "c", "d", "e"]) loop.stint.queue(loop.answer(name, 1.5));
  expect(loop.ran).toEqual([]);
  expect(loop.turn()).toEqual(["a", "b"]);
  expect(loop.turn()).toEqual(["c", "d"]);
  expect(loop.turn()).toEqual(["e"]);
  loop.turn();
  expect(loop.isIdle).toBe(true);
});

test("what is queued again goes behind the others, and one has its turn however long it takes", () => {
  const loop = new Loop();
  const greedy = (): void => {
    loop.answer("greedy", 5)();
    loop.stint.queue(greedy);
  };
  loop.stint.queue(greedy);
  loop.stint.queue(loop.answer("modest", 0));
  expect([loop.turn(), loop.turn(), loop.turn()]).toEqual([["greedy"], ["modest", "greedy"], ["greedy"]]);
});

test("what is queued behind something that fails has its turn", () => {
  const loop = new Loop();
  const failed = new Error("failed");
  loop.stint.queue(() => {
    throw failed;
  });
  loop.stint.queue(loop.answer("next", 0));
  expect(() => loop.turn()).toThrow(failed);
  while (!loop.isIdle) loop.turn();
  expect(loop.ran).toEqual(["next"]);
});

test("a round over many leaves the turn to others, and is done again for who asked meanwhile", () => {
  const loop = new Loop();
  const all = Array.from({ length: 200 }, (_, n) => String(n));
  const round = new MarkRound(
    loop.stint,
    () => all.values(),
    (name) => loop.answer(name, 0.1)(),
  );
  round.start();
  expect(loop.ran).toEqual([]);
  const longest = Math.max(loop.turn().length, loop.turn().length);
  expect(longest).toBeLessThan(all.length / 2);
  round.start();
  round.start();
  while (!loop.isIdle) loop.turn();
  expect(loop.ran).toEqual([...all, ...all]);
});

test("sessions that resume share the time of a turn", async () => {
  const world = await changed();
  const { history } = world.parts.machine;
  const visit = history.visit.bind(history);
  let pieces = 0;
  vi.spyOn(history, "visit").mockImplementation((...args) => {
    pieces += 1;
    world.clock.stall(1);
    return visit(...args);
  });
  const from = { historyId, revision: 1, ordinal: 0 };
  const clients = Array.from({ length: 50 }, (_, n) => {
    const client = world.client();
    client.attach(n.toString(16).padStart(32, "0"), 1, { watches: [spec(1, "/none", { from })] });
    return client;
  });
  await world.settle();
  world.raft.commit();
  for (const client of clients) client.read(1, get("/d1"));
  const perTurn: number[] = [];
  const turn = (): void => {
    perTurn.push(pieces);
    pieces = 0;
    if (clients.some((client) => client.values.length === 0)) world.clock.defer(turn);
  };
  turn();
  await world.settle();
  expect(perTurn.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(clients.length);
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(3);
  for (const client of clients) expect(client.values).toEqual([String(changes - 9)]);
});

test("a watch that resumes has the nodes of no changes put together but of those it wants", async () => {
  const { machine } = (await changed()).parts;
  const { history } = machine;
  let read = 0;
  const visited = {
    visit: (token: Parameters<typeof history.visit>[0], limit: number, see: (event: KeptEvent) => boolean) =>
      history.visit(token, limit, (event) => {
        const { type, path, acl } = event;
        return see({ type, path, acl, read: () => ((read += 1), event.read()) });
      }),
  };
  const feed = { mayRead: () => true };
  const watch = { path: "/d1", kind: "data", filter: null, feed } as const;
  const counting = {
    history: visited,
    acl: (path: string) => machine.acl(path),
    exists: (path: string) => machine.exists(path),
  };
  const piece = nextPiece(counting, { revision: 0, ordinal: 0 }, watch);
  if (piece === "gap") throw new Error("history reaches back");
  expect(piece.events.length).toBeGreaterThan(50);
  expect(new Set(piece.events.map(({ path }) => path))).toEqual(new Set(["/d1"]));
  expect(read).toBe(piece.events.length);
});
