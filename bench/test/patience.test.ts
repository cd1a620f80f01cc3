import { expect, test } from "vitest";
import { within } from "../src/systems/patience.ts";

test("what comes in time is there, what fails fails, and what hangs is named", async () => {
  expect(await within(Promise.resolve(5), 1_000, "five")).toBe(5);
  await expect(within(Promise.reject(new Error("no")), 1_000, "five")).rejects.toThrow("no");
  await expect(within(new Promise(() => {}), 5, "a peer")).rejects.toThrow("waited 5 ms for a peer");
});
