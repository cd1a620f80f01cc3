import { describe, expect, test } from "vitest";
import { Kernel } from "@flotilla/runtime/sim";
import { connect, text } from "./sim-world.ts";

const draw = (): number[] => {
  const node = new Kernel({ seed: 9 }).node("a");
  const first = node.start().random.u32();
  node.crash();
  return [first, node.start().random.u32()];
};

describe("clocks", () => {
  test("a fast and a slow clock reach their timers at their own rate", async () => {
    const kernel = new Kernel({ seed: 1 });
    const fired: Record<string, number> = {};
    for (const [name, rate] of [
      ["fast", 1.02],
      ["slow", 0.98],
      ["exact", 1],
    ] as const) {
      const node = kernel.node(name);
      node.clock.setRate(rate);
      const { clock } = node.start();
      const begin = clock.now();
      clock.setTimer(1000, () => {
        fired[name] = kernel.nowMs;
        expect(clock.now() - begin).toBeGreaterThanOrEqual(1000);
      });
    }
    await kernel.run();
    expect(fired["fast"]).toBeCloseTo(1000 / 1.02, 2);
    expect(fired["slow"]).toBeCloseTo(1000 / 0.98, 2);
    expect(fired["exact"]).toBeCloseTo(1000, 2);
  });

  test("pending timers follow a change of rate", async () => {
    const kernel = new Kernel({ seed: 1 });
    const node = kernel.node("a");
    const { clock } = node.start();
    let firedAt = 0;
    clock.setTimer(1000, () => void (firedAt = kernel.nowMs));
    kernel.at(500, () => node.clock.setRate(0.5));
    await kernel.run();
    expect(firedAt).toBeCloseTo(1500, 2);
  });

  test("the wall clock jumps, stands and comes back, and the monotonic clock does not notice", async () => {
    const kernel = new Kernel({ seed: 1 });
    const node = kernel.node("a");
    const { clock } = node.start();
    const [wall, mono] = [clock.wallNow(), clock.now()];
    node.clock.jumpWall(-3_600_000);
    expect([clock.wallNow() - wall, clock.now() - mono]).toEqual([-3_600_000, 0]);
    node.clock.freezeWall();
    await kernel.run({ untilMs: 100 });
    expect(clock.wallNow() - wall).toBe(-3_600_000);
    expect(clock.now() - mono).toBeCloseTo(100, 6);
    node.clock.heal();
    expect(clock.wallNow() - wall).toBe(100);
  });

  test("a suspended machine loses monotonic time while the wall clock goes on", async () => {
    const kernel = new Kernel({ seed: 1 });
    const node = kernel.node("a");
    const { clock } = node.start();
    const [wall, mono] = [clock.wallNow(), clock.now()];
    let firedAt = 0;
    clock.setTimer(100, () => void (firedAt = kernel.nowMs));
    kernel.at(50, () => node.clock.suspend());
    kernel.at(1050, () => node.clock.wake());
    await kernel.run();
    expect(firedAt).toBeCloseTo(1100, 2);
    expect(clock.wallNow() - wall).toBe(1100);
    expect(clock.now() - mono).toBeCloseTo(100, 2);
  });

  test("monotonic clocks of different lives have nothing in common", () => {
    const kernel = new Kernel({ seed: 1 });
    const [a, b] = [kernel.node("a").start(), kernel.node("b").start()];
    expect(Math.abs(a.clock.now() - b.clock.now())).toBeGreaterThan(1000);
  });
});

describe("a process that does not run", () => {
  for (const how of ["pause", "stall"] as const) {
    test(`after a ${how} overdue timers run before queued messages, deferred calls behind them`, async () => {
      const kernel = new Kernel({ seed: 1 });
      const [hostA, hostB] = [kernel.node("a").start(), kernel.node("b").start()];
      const { a, atB } = await connect(kernel, hostA, hostB);
      const order: string[] = [];
      atB.message = (frame) => void order.push(`message ${frame.length}`);
      const node = kernel.node("b");
      const begin = kernel.nowMs;
      if (how === "pause") {
        node.pause();
        kernel.after(1000, () => node.resume());
      } else node.stall(1000);
      a.send(text("1"));
      a.send(text("22"));
      hostB.clock.setTimer(500, () => {
        order.push("timer 500");
        hostB.clock.defer(() => order.push("deferred"));
      });
      hostB.clock.setTimer(400, () => order.push("timer 400"));
      let heardAt = 0;
      kernel.onAfterEvent(() => void (order.length === 1 && heardAt === 0 && (heardAt = kernel.nowMs)));
      await kernel.run({ untilMs: begin + 999 });
      expect(order).toEqual([]);
      await kernel.run({ untilMs: begin + 1100 });
      expect(order).toEqual(["timer 400", "timer 500", "message 1", "message 2", "deferred"]);
      expect(heardAt).toBeCloseTo(begin + 1000, 3);
    });
  }

  test("a deferred call lets through what arrived before it, not what comes later", async () => {
    const kernel = new Kernel({ seed: 1 });
    const [hostA, hostB] = [kernel.node("a").start(), kernel.node("b").start()];
    const { a, atB } = await connect(kernel, hostA, hostB);
    const order: string[] = [];
    atB.message = (frame) => {
      order.push(`message ${frame.length}`);
      if (frame.length === 1) hostB.clock.defer(() => order.push("deferred"));
    };
    kernel.node("b").pause();
    for (const one of ["1", "22", "333"]) a.send(text(one));
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    kernel.node("b").resume();
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    a.send(text("4444"));
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    expect(order).toEqual(["message 1", "message 2", "message 3", "deferred", "message 4"]);
  });

  test("a slow processor takes its time for each callback and starves nobody", async () => {
    const kernel = new Kernel({ seed: 1 });
    const [hostA, hostB] = [kernel.node("a").start(), kernel.node("b").start()];
    const { a, atB } = await connect(kernel, hostA, hostB);
    kernel.node("b").setServiceTime(10);
    let ticks = 0;
    let deferred = 0;
    const tick = (): void => {
      ticks += 1;
      hostB.clock.setTimer(1, tick);
      hostB.clock.defer(() => (deferred += 1));
    };
    tick();
    for (let i = 0; i < 20; i += 1) a.send(text(`${i}`));
    await kernel.run({ untilMs: kernel.nowMs + 1000 });
    expect(atB.messages).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(ticks + deferred + atB.messages.length).toBeLessThanOrEqual(102);
    expect(Math.min(ticks, deferred)).toBeGreaterThan(20);
  });

  test("a crash while paused drops everything; the next life starts awake", async () => {
    const kernel = new Kernel({ seed: 1 });
    const node = kernel.node("a");
    const { clock } = node.start();
    let old = 0;
    clock.setTimer(5, () => (old += 1));
    node.pause();
    await kernel.run({ untilMs: 10 });
    node.crash();
    node.resume();
    let young = 0;
    node.start().clock.setTimer(5, () => (young += 1));
    await kernel.run();
    expect([old, young, node.incarnation, node.isRunning]).toEqual([0, 1, 2, true]);
  });

  test("a crash within a send, a write or a probe stops the life right there", async () => {
    const kernel = new Kernel({ seed: 1 });
    const node = kernel.node("a");
    const hostB = kernel.node("b").start();
    const seen: string[] = [];
    await kernel.until(hostB.network.datagrams("b:1", () => void seen.push("datagram")));
    kernel.network.onSend(({ from }) => void (from === "a" && node.crash()));
    node.disk.onWrite((stage) => void (stage === "durable" && node.crash()));
    kernel.onProbe(() => node.crash());

    const first = node.start();
    const port = await kernel.until(first.network.datagrams("a:1", () => {}));
    port.send("b:1", text("x"));
    expect(node.isRunning).toBe(false);

    const second = node.start();
    second.clock.setTimer(10, () => {
      void second.disk.files.replace("f", text("x")).then(() => void seen.push("written"));
    });
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    expect(node.isRunning).toBe(false);
    expect(node.disk.durableFiles()).toEqual(["f"]);

    const third = node.start();
    third.clock.setTimer(10, () => {
      third.probe("now");
      third.clock.defer(() => void seen.push("deferred"));
    });
    await kernel.run({ untilMs: kernel.nowMs + 100 });
    expect([node.isRunning, seen]).toEqual([false, []]);
  });

  test("a second process on a running machine is refused", () => {
    const node = new Kernel({ seed: 1 }).node("a");
    node.start();
    expect(() => node.start()).toThrow("OneProcessPerNode");
  });

  test("each life draws its own randomness, the same in each replay", () => {
    expect(draw()).toEqual(draw());
    expect(new Set(draw()).size).toBe(2);
  });
});
