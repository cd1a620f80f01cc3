import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { realClock } from "@flotilla/runtime/real";
import { afterEach, describe, expect, test, vi } from "vitest";

/** Keeps the loop busy, as a long computation would. */
function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("real clock", () => {
  afterEach(() => void vi.useRealTimers());

  test.each(["a timer", "a deferred call"])(
    "what arrived during a stall is delivered before a call deferred from %s",
    async (from) => {
      const clock = realClock();
      const server = createServer();
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      const accepted = new Promise<Socket>((resolve) => void server.once("connection", resolve));
      const near = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
      const far = await accepted;
      const order: string[] = [];
      const done = new Promise<void>((resolve) => {
        function act(): void {
          far.write("x");
          stall(20);
          clock.defer(() => {
            order.push("deferred");
            if (order.length === 2) resolve();
          });
        }
        near.on("data", () => {
          order.push("data");
          if (order.length === 2) resolve();
        });
        if (from === "a timer") clock.setTimer(1, act);
        else clock.defer(act);
      });
      await done;
      near.destroy();
      far.destroy();
      server.close();
      expect(order).toEqual(["data", "deferred"]);
    },
  );

  test("a call deferred in the poll phase is not overtaken by one that a deferred call makes later", async () => {
    const clock = realClock();
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      function last(): void {
        ran.push("last");
        resolve();
      }
      clock.setTimer(0, () => {
        clock.defer(() => {
          ran.push("first");
          clock.defer(last);
        });
        void Promise.resolve().then(() => clock.defer(() => ran.push("between")));
      });
    });
    expect(ran).toEqual(["first", "between", "last"]);
  });

  test("a deferred call that throws does not lose the others", async () => {
    const clock = realClock();
    const immediates: (() => void)[] = [];
    vi.stubGlobal("setImmediate", (fn: () => void) => void immediates.push(fn));
    const ran: string[] = [];
    clock.defer(() => {
      throw new Error("broken");
    });
    clock.defer(() => ran.push("second"));
    const thrown: unknown[] = [];
    for (let next = immediates.shift(); next !== undefined; next = immediates.shift()) {
      try {
        next();
      } catch (error) {
        thrown.push(error);
      }
    }
    vi.unstubAllGlobals();
    expect(thrown.length).toBe(1);
    expect(ran).toEqual(["second"]);
  });

  test("a delay longer than the system's timers take fires when due, not at once", () => {
    vi.useFakeTimers();
    const clock = realClock();
    let fired = 0;
    clock.setTimer(2 ** 32, () => fired++);
    vi.advanceTimersByTime(2 ** 32 - 2);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(10);
    expect(fired).toBe(1);
  });
});
