import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { LoadClient } from "../src/clients/client.ts";
import { Prober } from "../src/trials/next-write.ts";
import { loadClient } from "./load-client.ts";

test("a write whose answer hangs does not keep the next one from being sent", async () => {
  const hanging: (() => void)[] = [];
  const written: number[] = [];
  const set = (): Promise<void> => new Promise((done) => hanging.push(done));
  const prober = new Prober(
    async () => loadClient({ set }),
    (sentMs) => written.push(sentMs),
  );
  prober.tick();
  await turn();
  prober.tick();
  prober.tick();
  expect(hanging.length).toBe(2);
  hanging[1]?.();
  await turn();
  expect(written.length).toBe(1);
});

test("a failed write, and a failed connect, end in another connect", async () => {
  let opened = 0;
  let written = 0;
  const open = async (): Promise<LoadClient> => {
    opened += 1;
    if (opened === 2) throw new Error("refused");
    return loadClient({ set: opened === 1 ? () => Promise.reject(new Error("gone")) : async () => {} });
  };
  const prober = new Prober(open, () => (written += 1));
  for (let k = 0; k < 5; k += 1) {
    prober.tick();
    await turn();
  }
  expect([opened, written]).toEqual([3, 1]);
});
