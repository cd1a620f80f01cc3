import { expect, test } from "vitest";
import { OneAtATime } from "../../src/real/one-at-a-time.ts";

const { signal } = new AbortController();

function unset(_text: string): void {}

/** Work that ends when it is told to. */
function held(): { readonly work: () => Promise<string>; readonly end: (text: string) => void } {
  let end = unset;
  const done = new Promise<string>((resolve) => (end = resolve));
  return { work: () => done, end: (text) => end(text) };
}

test("one piece of work is under way, and the others follow in order, also behind one that fails", async () => {
  const line = new OneAtATime();
  const [one, two] = [held(), held()];
  const begun: number[] = [];
  const all = [
    line.run(signal, one.work),
    line.run(signal, () => {
      begun.push(2);
      return Promise.reject(new Error("cannot"));
    }),
    line.run(signal, () => {
      begun.push(3);
      return two.work();
    }),
  ];
  const settled = Promise.allSettled(all);
  expect([begun, line.waiting]).toEqual([[], 2]);
  one.end("a");
  expect(await all[0]).toBe("a");
  two.end("b");
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect([begun, line.waiting]).toEqual([[2, 3], 0]);
});

test("of those who give up behind work that hangs nothing is kept, and none of it is begun", async () => {
  const line = new OneAtATime();
  const hanging = held();
  const first = line.run(signal, hanging.work);
  let begun = 0;
  for (let k = 0; k < 100; k += 1) {
    const stop = new AbortController();
    void line.run(stop.signal, () => Promise.resolve((begun += 1)));
    stop.abort();
  }
  expect(line.waiting).toBe(0);
  hanging.end("at last");
  expect(await first).toBe("at last");
  expect(await line.run(signal, () => Promise.resolve("next"))).toBe("next");
  expect(begun).toBe(0);
});
