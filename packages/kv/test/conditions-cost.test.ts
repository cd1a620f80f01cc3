import { expect, test } from "vitest";
import { decodeResult, encodeCommand, limits } from "../src/index.ts";
import type { Operation } from "../src/index.ts";
import { create, Driver, idOf } from "./support.ts";

/** Sends requests of one session, and adds up the CPU time that their apply takes. */
class Meter extends Driver {
  #seq = 0;

  /** @returns microseconds */
  spent(operation: Operation, times: number): number {
    let spent = 0;
    for (let time = 0; time < times; time += 1) {
      this.#seq += 1;
      const [seq, ack] = [this.#seq, this.#seq - 1];
      const bytes = encodeCommand({ type: "request", session: idOf(1), attach: 1, seq, ack, operation });
      const at = { index: this.machine.lastIndex + 1, timeMs: this.timeMs };
      const before = process.cpuUsage();
      const applied = this.machine.apply(bytes, at);
      const { user, system } = process.cpuUsage(before);
      spent += user + system;
      expect(applied.type === "answered" && decodeResult(applied.result).ok).toBe(true);
    }
    return spent;
  }
}

test("to compare the largest value costs less than to set it", () => {
  const meter = new Meter();
  meter.open(1);
  const value = new Uint8Array(limits.valueBytes).fill(7);
  meter.spent(create("/a", { value }), 1);
  const set: Operation = { type: "set", path: "/a", value, if: {} };
  const check: Operation = { type: "check", path: "/a", if: { value } };
  for (const each of [set, check]) meter.spent(each, 3);
  expect(meter.spent(check, 20)).toBeLessThan(meter.spent(set, 20));
});
