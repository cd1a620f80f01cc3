import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { Deadlines } from "../../src/client/deadlines.ts";
import { PendingRead, ReadTable } from "../../src/client/read-table.ts";
import type { ReadMessage } from "../../src/wire/messages.ts";
import { errorOf } from "./fake-cluster.ts";

class Asker {
  readonly kernel = new Kernel({ seed: "1" });
  readonly sent: number[] = [];
  readonly table = new ReadTable(({ id }: ReadMessage) => this.sent.push(id));
  readonly #deadlines = new Deadlines(this.kernel.node("client").start().clock);

  ask(timeoutMs: number): Promise<unknown> {
    const { table } = this;
    const query = { type: "get", path: "/a" } as const;
    const of = { id: table.admit(), linearizable: false, query };
    const limits = { timeoutMs, signal: undefined };
    const read = new PendingRead(of, this.#deadlines, limits, ({ id }) => table.giveUp(id));
    table.add(read);
    table.issue(read, 0);
    return read.promise;
  }

  /** Asks so often, and lets all of them time out. */
  async inVain(count: number): Promise<void> {
    const reads = Array.from({ length: count }, () => errorOf(this.ask(100)));
    await this.kernel.until(Promise.all(reads));
  }
}

test("a read that was given up leaves nothing behind, also while none before it is answered", async () => {
  const asker = new Asker();
  await asker.inVain(400);
  for (let round = 0; round < 3; round += 1) {
    await asker.inVain(1_000);
    expect(asker.table.queued).toBe(0);
  }
  const last = asker.ask(60_000);
  expect(asker.table.queued).toBe(1);
  expect(asker.sent).toHaveLength(400);
  asker.table.answer(1, { type: "done" });
  expect(asker.sent.at(-1)).toBe(3_401);
  asker.table.answer(3_401, { type: "done" });
  expect(await asker.kernel.until(last)).toEqual({ type: "done" });
});

test("a read that is answered before it is sent is not sent", async () => {
  const asker = new Asker();
  const reads = Array.from({ length: 401 }, () => asker.ask(60_000));
  asker.table.answer(401, { type: "done" });
  expect(await asker.kernel.until(reads[400] ?? Promise.reject(new Error("none")))).toEqual({ type: "done" });
  expect(asker.table.queued).toBe(0);
  asker.table.answer(1, { type: "done" });
  expect(asker.sent).toHaveLength(400);
});
