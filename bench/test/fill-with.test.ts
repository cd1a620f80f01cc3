import { expect, test } from "vitest";
import { fillWith } from "../src/systems/prepare.ts";
import { loadClient } from "./load-client.ts";

test("every key is made once, in transactions of ten", async () => {
  const made: number[] = [];
  let most = 0;
  const client = loadClient({
    createAll: async (keys) => {
      made.push(...keys);
      most = Math.max(most, keys.length);
    },
  });
  await fillWith([client, client], 5, 1_028);
  expect(made.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_023 }, (_, k) => k + 5));
  expect(most).toBe(10);
});
