import type { Session } from "@flotilla/coord/client";
import { HistoryWriter } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import { keyedRandom } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { CounterWork } from "../src/clients/counter-work.ts";
import { Recorder } from "../src/clients/recorder.ts";
import { readAll } from "../src/clients/register-client.ts";
import { SessionClient } from "../src/clients/session-client.ts";
import type { Coord } from "../src/clients/session-client.ts";
import { makePlan } from "../src/plan/make-plan.ts";

/** Answers that nothing is there, but not the first few times. */
function answering(unansweredTimes: number): () => Promise<null> {
  let left = unansweredTimes;
  return () => {
    left -= 1;
    return left < 0
      ? Promise.resolve(null)
      : Promise.reject(new FlotillaError("ERR_FLOTILLA_TIMEOUT", "late"));
  };
}

function sessionOf(get: () => Promise<null>): Session {
  return {
    id: "s",
    server: "n1",
    signal: new AbortController().signal,
    get,
    sync: get,
  } as unknown as Session;
}

const paths = new Set(["/r/a", "/r/b"]);

test("every register is read until it is answered", async () => {
  const history = new HistoryWriter();
  const recorder = new Recorder(history, () => performance.now() * 1e6);
  expect(await readAll(recorder, sessionOf(answering(3)), paths)).toEqual([]);
  const answered = history.ops().filter(({ result }) => result?.error === "NO_NODE");
  expect(answered.map(({ op }) => op.path)).toEqual(["/r/a", "/r/b"]);
});

test("registers that nobody answers for any more are told", async () => {
  const recorder = new Recorder(new HistoryWriter(), () => performance.now() * 1e6);
  const never = sessionOf(answering(Infinity));
  expect(await readAll(recorder, never, paths, () => true)).toEqual(["/r/a", "/r/b"]);
  const lost = { ...never, signal: AbortSignal.abort() } as Session;
  expect(await readAll(recorder, lost, paths)).toEqual(["/r/a", "/r/b"]);
});

test("a counter is looked at until it answers", async () => {
  const history = new HistoryWriter();
  const work = new CounterWork(new Recorder(history, () => performance.now() * 1e6));
  const get = answering(1);
  await work.lookAgain({ counter: () => ({ get: () => get().then(() => 0) }) } as unknown as Coord);
  const looks = history
    .toJsonLines()
    .split("\n")
    .filter((line) => line.includes('"outcome":"ok"'));
  expect(looks).toHaveLength(2);
});

/** Does nothing but have a session. */
class Idler extends SessionClient {
  protected override use(): Promise<void> {
    if (this.stopping.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.stopping.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

function idler(sync: () => Promise<null>): Idler {
  const coord = {
    session: sessionOf(sync),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  } as unknown as Coord;
  const plan = makePlan({ name: "idle", seed: 1, nodes: 3, workload: "register", kinds: [], loadMs: 0 });
  const open = (): Promise<Coord> => Promise.resolve(coord);
  return new Idler({ name: "c0", plan, open, random: keyedRandom(1, "idle") });
}

test("a client is served once its session is answered, and not before", async () => {
  const late = idler(answering(2));
  late.start();
  expect(await late.isServed()).toBe(true);
  await late.stop();
  const never = idler(answering(Infinity));
  never.start();
  const served = never.isServed();
  await never.stop();
  expect(await served).toBe(false);
});
