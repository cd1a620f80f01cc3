import { describe, expect, test } from "vitest";
import type { Host } from "@flotilla/runtime";
import { forbidGlobals, Kernel, SimulationError } from "@flotilla/runtime/sim";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Two nodes that write and send at random, one of which crashes now and then. */
async function busyWorld(seed: number, disturb?: (host: Host) => void): Promise<Kernel> {
  const kernel = new Kernel({ seed });
  kernel.network.setDatagramFaults({ drop: 0.1, repeat: 0.1, reorder: 0.1 });
  const live = async (name: string, other: string): Promise<void> => {
    const host = kernel.node(name).start();
    const store = await host.disk.openStore("log");
    const port = await host.network.datagrams(`${name}:1`, (_from, message) => {
      disturb?.(host);
      host.clock.defer(() => void store.write([{ type: "put", key: message, value: message }]));
    });
    const tick = (): void => {
      port.send(`${other}:1`, host.random.bytes(8));
      host.clock.setTimer(host.random.below(20), tick);
    };
    tick();
  };
  void live("a", "b");
  void live("b", "a");
  for (let round = 1; round < 5; round += 1) {
    kernel.at(round * 200, () => {
      kernel.node("b").crash();
      void live("b", "a");
    });
  }
  await kernel.run({ untilMs: 1000 });
  return kernel;
}

async function failure(run: Promise<unknown>): Promise<SimulationError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SimulationError);
  return error as SimulationError;
}

/** The trace of one datagram. */
const traceOf = async (byte: number): Promise<string> => {
  const kernel = new Kernel({ seed: 1 });
  const { network } = kernel.node("a").start();
  const port = await kernel.until(network.datagrams("a:1", () => {}));
  port.send("a:1", Uint8Array.of(byte));
  await kernel.run();
  return kernel.traceHash;
};

/** When datagrams on one link arrive. */
const arrivals = async (isSlow: boolean): Promise<number[]> => {
  const kernel = new Kernel({ seed: 3 });
  const heard: number[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => kernel.node(name).start());
  await kernel.until(
    b?.network.datagrams("b:1", () => heard.push(kernel.nowMs)) ?? Promise.reject(new Error("b")),
  );
  await kernel.until(c?.network.datagrams("c:1", () => {}) ?? Promise.reject(new Error("c")));
  const port = await kernel.until(a?.network.datagrams("a:1", () => {}) ?? Promise.reject(new Error("a")));
  if (isSlow) kernel.network.link("a", "c").extraMs = 50;
  const begin = kernel.nowMs;
  for (let i = 0; i < 20; i += 1) for (const to of ["b:1", "c:1"]) port.send(to, text("x"));
  await kernel.run();
  return heard.map((at) => at - begin);
};

async function runForbidden(act: () => void): Promise<unknown> {
  const kernel = new Kernel({ seed: 1 });
  kernel.node("a").start().clock.setTimer(5, act);
  const restore = forbidGlobals();
  try {
    return await kernel.run({ untilMs: 10 }).catch((error: unknown) => error);
  } finally {
    restore();
  }
}

const globals = (): unknown[] => [
  Date,
  Math.random,
  setTimeout,
  fetch,
  process.hrtime,
  Object.getOwnPropertyDescriptor(performance, "now"),
];

describe("determinism", () => {
  test("the same seed gives the same trace, another seed another one", async () => {
    const hashes = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5]) {
      const [first, second] = [await busyWorld(seed), await busyWorld(seed)];
      expect(first.eventCount).toBeGreaterThan(300);
      expect([second.traceHash, second.eventCount]).toEqual([first.traceHash, first.eventCount]);
      hashes.add(first.traceHash);
    }
    expect(hashes.size).toBe(5);
  });

  test("a hidden source of chance is told by the trace hash", async () => {
    let secret = 0;
    const disturb = (host: Host): void => {
      secret += 1;
      if (secret % 97 === 13) host.clock.setTimer(1, () => {});
    };
    const [first, second] = [await busyWorld(7, disturb), await busyWorld(7, disturb)];
    expect(second.traceHash).not.toBe(first.traceHash);
  });

  test("bytes that differ without any other difference are told by the trace hash", async () => {
    expect(await traceOf(1)).toBe(await traceOf(1));
    expect(await traceOf(1)).not.toBe(await traceOf(2));
  });

  test("a fault on one link leaves the chances of another alone", async () => {
    expect(await arrivals(true)).toEqual(await arrivals(false));
  });

  test("what falls on one instant happens in an order drawn from the seed", async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const kernel = new Kernel({ seed });
      const order: string[] = [];
      for (const name of ["a", "b", "c"]) kernel.at(5, () => void order.push(name));
      await kernel.run();
      orders.add(order.join(""));
    }
    expect(orders.size).toBeGreaterThan(3);
  });
});

describe("running", () => {
  test("time stops at the deadline and goes on from there", async () => {
    const kernel = new Kernel({ seed: 1 });
    const fired: number[] = [];
    for (const at of [10, 20, 30]) kernel.at(at, () => void fired.push(kernel.nowMs));
    await kernel.run({ untilMs: 20 });
    expect(fired).toEqual([10, 20]);
    await kernel.run({ untilMs: 25 });
    expect([fired.length, kernel.nowMs]).toEqual([2, 25]);
    await kernel.run();
    expect(fired).toEqual([10, 20, 30]);
  });

  test("all microtasks of an event run before the next event and before the checks", async () => {
    const kernel = new Kernel({ seed: 1 });
    const seen: string[] = [];
    kernel.onAfterEvent(() => void seen.push("check"));
    kernel.at(1, () => {
      void (async () => {
        for (let i = 0; i < 50; i += 1) await Promise.resolve();
        process.nextTick(() => seen.push("deep"));
      })();
    });
    kernel.at(1.001, () => void seen.push("next"));
    await kernel.run();
    expect(seen).toEqual(["deep", "check", "next", "check"]);
  });

  test("however many events there are, each is over before the next", async () => {
    const kernel = new Kernel({ seed: 1 });
    const seen: string[] = [];
    for (let k = 0; k < 300; k += 1) {
      kernel.at(k, () => {
        seen.push(`begin ${k}`);
        void (async () => {
          for (let i = 0; i < k % 7; i += 1) await Promise.resolve();
          process.nextTick(() => void Promise.resolve().then(() => seen.push(`end ${k}`)));
        })();
      });
    }
    await kernel.run({ untilMs: 99.5 });
    expect(seen).toHaveLength(200);
    await kernel.run();
    expect(seen).toEqual(Array.from({ length: 300 }, (_, k) => [`begin ${k}`, `end ${k}`]).flat());
  });

  test("a rejection is told in the event that brought it", async () => {
    const kernel = new Kernel({ seed: 1 });
    for (let k = 0; k < 300; k += 1)
      kernel.at(k, () => {
        if (k === 201) void Promise.reject(new Error("forgotten"));
      });
    expect((await failure(kernel.run())).message).toContain("forgotten");
    expect(kernel.nowMs).toBe(201);
    expect(kernel.eventCount).toBe(202);
  });

  test("a check that throws fails the run with the trace", async () => {
    const kernel = new Kernel({ seed: "s" });
    kernel
      .node("a")
      .start()
      .clock.setTimer(5, () => {});
    kernel.onAfterEvent(() => {
      throw new Error("two leaders");
    });
    const error = await failure(kernel.run());
    expect(error.message).toContain("two leaders");
    expect(error.message).toContain(kernel.traceHash);
    expect(error.report).toContain("timer");
  });

  test("code that throws in an event fails the run", async () => {
    const kernel = new Kernel({ seed: 1 });
    kernel
      .node("a")
      .start()
      .clock.setTimer(5, () => {
        throw new Error("boom");
      });
    expect((await failure(kernel.run())).message).toContain("boom");
  });

  test("of two worlds that run side by side, a rejection fails the one it is from", async () => {
    const [short, long, other] = [new Kernel({ seed: 1 }), new Kernel({ seed: 2 }), new Kernel({ seed: 3 })];
    short.after(1, () => {});
    long.after(1_000, () => void Promise.reject(new Error("nobody cares")));
    for (let ms = 1; ms < 1_000; ms += 1) for (const kernel of [long, other]) kernel.after(ms, () => {});
    const ends = await Promise.allSettled([short.run(), long.run(), other.run()]);
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(process.listeners("unhandledRejection").length).toBeGreaterThan(0);
  });

  test("a rejection nobody handles fails the run", async () => {
    const kernel = new Kernel({ seed: 1 });
    kernel
      .node("a")
      .start()
      .clock.setTimer(5, () => void Promise.reject(new Error("forgotten")));
    expect((await failure(kernel.run())).message).toContain("forgotten");
  });

  test("a livelock is found by the event cap", async () => {
    const kernel = new Kernel({ seed: 1, maxEvents: 1000 });
    const { clock } = kernel.node("a").start();
    const again = (): void => clock.defer(again);
    again();
    expect((await failure(kernel.run())).message).toContain("1000 events");
  });

  test("time that stands still is found", async () => {
    const kernel = new Kernel({ seed: 1, maxEventsPerInstant: 1000 });
    const again = (): void => void kernel.after(0, again);
    again();
    expect((await failure(kernel.run())).message).toContain("time stands still");
  });

  test("a promise that cannot settle is told", async () => {
    const kernel = new Kernel({ seed: 1 });
    expect((await failure(kernel.until(new Promise(() => {})))).message).toContain("did not settle");
  });

  test("probes and log lines are counted, shown and kept in the history of their node", async () => {
    const kernel = new Kernel({ seed: 1, recentEvents: 3 });
    const heard: string[] = [];
    kernel.onProbe((name, node) => void heard.push(`${name}@${node}`));
    kernel.onLog(({ node, level, message }) => void heard.push(`${node} ${level} ${message}`));
    const { probe, logger } = kernel.node("a").start();
    for (let i = 0; i < 5; i += 1) probe("vote.refused");
    logger.warn({}, "hello");
    expect(kernel.probes.get("vote.refused")).toBe(5);
    expect(heard.slice(-2)).toEqual(["vote.refused@a", "a warn hello"]);
    expect(kernel.recent("a").map((entry) => entry.about)).toContain("hello");
    for (let i = 0; i < 5; i += 1) logger.warn({}, `${i}`);
    expect(kernel.recent("a").map((entry) => entry.about)).toEqual(["2", "3", "4"]);
  });
});

describe("forbidden globals", () => {
  const escapes: readonly (readonly [string, () => unknown])[] = [
    ["Math.random", () => Math.random()],
    ["Date.now", () => Date.now()],
    ["new Date()", () => new Date()],
    ["setTimeout", () => setTimeout(() => {}, 1)],
    ["setInterval", () => setInterval(() => {}, 1)],
    ["setImmediate", () => setImmediate(() => {})],
    ["performance.now", () => performance.now()],
    ["process.hrtime", () => process.hrtime()],
    ["process.hrtime.bigint", () => process.hrtime.bigint()],
    ["fetch", () => fetch("http://localhost")],
    ["crypto.randomUUID", () => crypto.randomUUID()],
    ["crypto.getRandomValues", () => crypto.getRandomValues(new Uint8Array(1))],
    ["AbortSignal.timeout", () => AbortSignal.timeout(1)],
  ];

  test.each(escapes)("%s in a simulated node fails the run by name", async (name, escape) => {
    const error = await runForbidden(() => void escape());
    expect(error).toBeInstanceOf(SimulationError);
    expect((error as SimulationError).message).toContain(name);
  });

  test.each(escapes)("%s is caught also when its error is swallowed", async (name, escape) => {
    const error = await runForbidden(() => {
      try {
        escape();
      } catch {
        // As careless code would.
      }
    });
    expect((error as SimulationError).message).toContain(name);
  });

  test("imported functions are caught as well", async () => {
    const { randomBytes } = await import("node:crypto");
    const nodeTimers = await import("node:timers/promises");
    expect(randomBytes(1)).toHaveLength(1);
    const imported = await import("node:crypto");
    expect(String(await runForbidden(() => void imported.randomBytes(1)))).toContain("crypto.randomBytes");
    expect(String(await runForbidden(() => void nodeTimers.setTimeout(1)))).toContain("timers/promises");
  });

  test("what needs neither time nor chance works, and afterwards everything is back", async () => {
    const before = globals();
    const outcome = await runForbidden(() => {
      expect(new Date(0).toISOString()).toBe("1970-01-01T00:00:00.000Z");
      expect(new Date(5)).toBeInstanceOf(Date);
      queueMicrotask(() => {});
    });
    expect(outcome).toBeUndefined();
    expect(globals()).toEqual(before);
    expect(Date.now()).toBeGreaterThan(0);
    expect(crypto.randomUUID()).toHaveLength(36);
  });

  test("the whole busy world runs without any of them", async () => {
    const plain = await busyWorld(11);
    const restore = forbidGlobals();
    try {
      const kernel = await busyWorld(11);
      expect(kernel.traceHash).toBe(plain.traceHash);
    } finally {
      restore();
    }
  });
});

test("a time that is none is refused, and the world goes on", async () => {
  const kernel = new Kernel({ seed: 1 });
  for (const plan of [() => kernel.after(Number.NaN, () => {}), () => kernel.at(Number.NaN, () => {})])
    expect(plan).toThrow(RangeError);
  await kernel.run({ untilMs: 10 });
  expect(kernel.nowMs).toBe(10);
});
