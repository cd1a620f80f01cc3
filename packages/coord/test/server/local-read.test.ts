import type { Node } from "@flotilla/kv";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Session, WatchEvent } from "../../src/client/api.ts";
import { text } from "../../src/client/index.ts";
import type { ServerMessage } from "../../src/wire/messages.ts";
import { Cluster } from "./cluster.ts";
import { get, historyId, put, sessionA, spec, World } from "./world.ts";

const local = { level: "local" } as const;

/** Runs everything that needs no event loop. */
async function flush(): Promise<void> {
  for (let k = 0; k < 50; k += 1) await Promise.resolve();
}

/** What a call comes to without one turn of the event loop; `later` when it needs some. */
async function atOnce<T>(call: Promise<T>): Promise<T | "later"> {
  let outcome: T | "later" = "later";
  call.then(
    (value) => {
      outcome = value;
    },
    () => {},
  );
  await flush();
  return outcome;
}

function shown(node: Node | null | "later"): string | null {
  if (node === "later") return "later";
  return node === null ? null : text(node);
}

function isIntact(value: Uint8Array, length: number): boolean {
  return value.length === length && value.every((byte) => byte === 7);
}

/** How a call ends: `answered`, or the code of its error. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "answered",
    (error: { code: string }) => error.code,
  );
}

/** The node that the last event shows. */
function eventNode(events: readonly WatchEvent[]): Node | null {
  const event = events.at(-1);
  return event === undefined || event.type === "snapshot" ? null : event.node;
}

/** Takes in what a watch tells, for ever. */
async function follow(
  session: Session,
  path: string,
): Promise<{ revision: number; readonly events: WatchEvent[] }> {
  const watch = await session.watch(path, { kind: "recursive" });
  const told = { revision: watch.token.revision, events: [] as WatchEvent[] };
  const run = async (): Promise<void> => {
    for await (const event of watch) {
      told.events.push(event);
      told.revision = event.revision;
    }
  };
  run().catch(() => {});
  return told;
}

async function single(): Promise<{ readonly cluster: Cluster; readonly session: Session }> {
  const cluster = new Cluster(1);
  await cluster.start();
  const { session } = cluster.node("n1");
  await cluster.until(session.put("/a", "1"));
  await cluster.pass(50);
  return { cluster, session };
}

describe("a local read of a session within the member's process", () => {
  test("is answered at once while nothing of the session is under way", async () => {
    const { session } = await single();
    expect(shown(await atOnce(session.get("/a", local)))).toBe("1");
    expect(await atOnce(session.get("/none", local))).toBe(null);
    expect(await atOnce(session.exists("/a", local))).toMatchObject({ version: 0 });
    expect(await atOnce(session.children("/", local))).toEqual({ names: ["a"], next: null });
    expect(
      await atOnce(session.get("/a", { ...local, timeoutMs: 5, signal: new AbortController().signal })),
    ).toMatchObject({ stat: { version: 0 } });
  });

  test("is not what a read is by default", async () => {
    const { cluster, session } = await single();
    expect(await atOnce(session.get("/a"))).toBe("later");
    expect(await atOnce(session.get("/a", { level: "linearizable" }))).toBe("later");
    await cluster.pass(50);
  });

  test("waits for the session's own writes, and then sees them", async () => {
    const { cluster, session } = await single();
    const write = session.put("/a", "2");
    const read = session.get("/a", local);
    expect(await atOnce(read)).toBe("later");
    expect(shown(await cluster.until(read))).toBe("2");
    await cluster.until(write);
  });

  test("refuses what any read refuses", async () => {
    const { session } = await single();
    expect(await codeOf(session.get("nowhere", local))).toBe("ERR_FLOTILLA_BAD_PATH");
    expect(await codeOf(session.get("/a", { ...local, timeoutMs: 0 }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    expect(await codeOf(session.get("/a", { ...local, timeoutMs: Number.NaN }))).toBe(
      "ERR_FLOTILLA_BAD_ARGUMENT",
    );
    expect(await codeOf(session.get("/a", { ...local, signal: {} as AbortSignal }))).toBe(
      "ERR_FLOTILLA_BAD_ARGUMENT",
    );
    expect(await codeOf(session.get("/a", { ...local, signal: AbortSignal.abort() }))).toBe(
      "ERR_FLOTILLA_ABORTED",
    );
    expect(await codeOf(session.get("/a", { level: "lokal" as "local" }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
    expect(await codeOf(session.children("/a", { ...local, limit: 0 }))).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
  });

  test("fails once the session is closed, from the first moment on", async () => {
    const { cluster, session } = await single();
    const found: unknown[] = [];
    const note = (): void => {
      void codeOf(session.get("/a", local)).then((code) => found.push(code));
    };
    session.onState(note);
    const closing = session.close();
    note();
    await cluster.until(closing);
    note();
    await flush();
    expect(found).toEqual(["ERR_FLOTILLA_CLOSED", "ERR_FLOTILLA_CLOSED", "ERR_FLOTILLA_CLOSED"]);
  });

  test("lets the event loop go on, however many there are in a row", async () => {
    const { cluster, session } = await single();
    const state = { stopped: false };
    let reads = 0;
    const lane = async (): Promise<void> => {
      while (!state.stopped) {
        await session.get("/a", local);
        reads += 1;
      }
    };
    const lanes = [lane(), lane(), lane()];
    await cluster.pass(1);
    state.stopped = true;
    await cluster.until(Promise.all(lanes));
    expect(reads).toBeGreaterThan(4_096);
  });

  test("hands out values that nobody else holds", async () => {
    const { cluster, session } = await single();
    const told = await cluster.until(follow(session, "/a"));
    const other = await cluster.until(cluster.node("n1").connect());
    const theirs = await cluster.until(follow(other.session, "/a"));
    for (const length of [1, 64, 65, 256, 1_024, 1_025, 9_000]) {
      const value = new Uint8Array(length).fill(7);
      const before = { revision: cluster.node("n1").status().revision, ordinal: 0 };
      const write = session.put("/a", value);
      value.fill(8);
      await cluster.until(write);
      await cluster.pass(10);
      const spoil = (node: Node | null | "later" | undefined): void => {
        if (node === null || node === undefined || node === "later") throw new Error("no node");
        expect(isIntact(node.value, length)).toBe(true);
        node.value.fill(9);
        Object.assign(node.stat, { version: -1, mzxid: -1 });
      };
      spoil(await atOnce(session.get("/a", local)));
      spoil(await atOnce(session.get("/a", local)));
      spoil(await cluster.until(session.get("/a")));
      spoil(eventNode(told.events));
      spoil(eventNode(theirs.events));
      const again = await cluster.until(session.watch("/a", { from: before }));
      const resumed = await cluster.until(again[Symbol.asyncIterator]().next());
      if (resumed.done === true) throw new Error("nothing was told");
      spoil(eventNode([resumed.value]));
      await again.close();
      await cluster.pass(10);
      const last = await atOnce(session.get("/a", local));
      if (last === "later" || last === null) throw new Error("no node at once");
      expect(isIntact(last.value, length)).toBe(true);
      expect(last.stat.mzxid).toBe(before.revision + 1);
    }
  });
});

test("a server answers nothing at once before the attach, past a watch that is behind, past a slow client, or after the end", async () => {
  const world = new World();
  const sent: ServerMessage[] = [];
  let bufferedBytes = 0;
  const session = world.parts.door.acceptLocal({
    get bufferedBytes() {
      return bufferedBytes;
    },
    send: (message) => void sent.push(message),
    close: () => {},
  });
  expect(session.answerNow(get("/a"))).toBe(undefined);
  session.message({
    type: "attach",
    session: sessionA,
    secret: new Uint8Array(16),
    attach: 1,
    ttlMs: 10_000,
    watches: [],
    auth: [],
  });
  await world.settle();
  expect(session.answerNow(get("/a"))).toBe(undefined);
  await world.commit();
  expect(session.answerNow(get("/a"))).toEqual({ type: "node", node: null });
  session.message({ type: "request", seq: 1, ack: 0, operation: put("/a", "1") });
  await world.commit();
  expect(session.answerNow(get("/a"))).toMatchObject({ node: { stat: { version: 0 } } });
  const from = { historyId, revision: 0, ordinal: 0 };
  session.message({ type: "watch", after: 1, watch: spec(1, "/a", { from }) });
  expect(session.answerNow(get("/a"))).toBe(undefined);
  await world.settle();
  expect(session.answerNow(get("/a"))).toMatchObject({ type: "node" });
  bufferedBytes = 2_000_000;
  expect(session.answerNow(get("/a"))).toBe(undefined);
  session.message({ type: "read", id: 1, after: 0, linearizable: false, query: get("/a") });
  bufferedBytes = 0;
  expect(session.answerNow(get("/a"))).toBe(undefined);
  await world.clock.advance(20);
  expect(sent.at(-1)).toMatchObject({ type: "read-result", id: 1 });
  expect(session.answerNow(get("/a"))).toMatchObject({ type: "node" });
  session.end();
  expect(session.answerNow(get("/a"))).toBe(undefined);
});

test("a read of the past is known to take its time: whatever comes next waits for another turn", async () => {
  const world = new World();
  const session = world.parts.door.acceptLocal({ bufferedBytes: 0, send: () => {}, close: () => {} });
  const secret = new Uint8Array(16);
  session.message({
    type: "attach",
    session: sessionA,
    secret,
    attach: 1,
    ttlMs: 10_000,
    watches: [],
    auth: [],
  });
  await world.settle();
  await world.commit();
  session.message({ type: "request", seq: 1, ack: 0, operation: put("/a", "1") });
  await world.commit();
  await world.settle();
  const { clock, parts } = world;
  const { machine } = parts;
  const now = clock.now.bind(clock);
  let spentMs = 0;
  vi.spyOn(clock, "now").mockImplementation(() => now() + spentMs);
  const read = machine.past.get.bind(machine.past);
  vi.spyOn(machine.past, "get").mockImplementation((...args) => {
    spentMs += 5;
    return read(...args);
  });
  const past = { type: "past", revision: machine.revision, query: { type: "get", path: "/a" } } as const;
  expect(session.answerNow(past)).toMatchObject({ type: "node" });
  expect(session.answerNow(past)).toBe(undefined);
  await world.settle();
  expect(session.answerNow(past)).toMatchObject({ type: "node" });
});

type Step =
  | { readonly type: "write" | "own-write" | "read" | "exists" | "watch" | "linearizable" }
  | { readonly type: "pass"; readonly us: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ type: "write" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "own-write" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ type: "read" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "exists" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "watch" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "linearizable" }) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }).map<Step>((us) => ({ type: "pass", us })) },
);

/** Reads of one session, judged by what its watches have told in the turn of each answer, and by its own writes. */
class Judge {
  readonly told: { readonly revision: number }[] = [];
  readonly faults: string[] = [];
  readonly #session: Session;
  /** What became of its own writes, in order. */
  readonly #writes: Promise<number>[] = [];
  #seen = 0;
  #asked = 0;
  atOnce = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  async write(): Promise<void> {
    const revision = this.#session.put("/w", "y").then((written) => written.revision);
    this.#writes.push(revision);
    this.#seen = Math.max(this.#seen, await revision);
  }

  async read(type: "read" | "exists"): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const seen = this.#seen;
    const written = this.#writes.at(-1);
    const watches = this.told.slice();
    let turns = 0;
    const answer =
      type === "exists"
        ? this.#session.exists("/w", local)
        : this.#session.get("/w", local).then((node) => node?.stat ?? null);
    void flush().then(() => (turns += 1));
    const revision = (await answer)?.mzxid ?? 0;
    if (turns === 0) this.atOnce += 1;
    await flush();
    for (const { revision: heard } of watches)
      if (heard < revision) this.faults.push(`read ${asked} shows ${revision}, told ${heard}`);
    if (revision < seen) this.faults.push(`read ${asked} shows ${revision}, seen ${seen}`);
    this.#seen = Math.max(this.#seen, revision);
    const own = (await written) ?? 0;
    if (revision < own) this.faults.push(`read ${asked} shows ${revision}, written ${own}`);
  }
}

test("no local read, at once or later, is told before an event that it shows, or shows less than was seen", async () => {
  const cluster = new Cluster(3);
  const waits: Promise<unknown>[] = [];
  const hook: { applied?: () => void } = {};
  // The turn in which a member has applied a command and told of it, while nobody has heard.
  await cluster.start(cluster.ids, { observer: { applied: () => hook.applied?.() } });
  const remote = await cluster.client();
  await cluster.until(remote.put("/w", ""));
  const leader = await cluster.leader();
  const { session } = cluster.node(cluster.ids.find((id) => id !== leader) ?? leader);
  await cluster.until(session.sync());
  const judge = new Judge(session);
  hook.applied = () => void Promise.resolve().then(() => waits.push(judge.read("read")));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      for (const next of steps) {
        if (next.type === "write") waits.push(remote.put("/w", "x"));
        else if (next.type === "own-write") waits.push(judge.write());
        else if (next.type === "linearizable") waits.push(session.get("/w"));
        else if (next.type === "pass") await cluster.pass(next.us / 1_000);
        else if (next.type === "watch") judge.told[0] = await cluster.until(follow(session, "/w"));
        else waits.push(judge.read(next.type));
      }
      await cluster.until(Promise.all(waits.splice(0)));
      expect(judge.faults).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(judge.atOnce).toBeGreaterThan(50);
});
