import { expect, test } from "vitest";
import { readOptions } from "../src/options.ts";

test("the options have defaults", () => {
  expect(readOptions([])).toEqual({
    frames: 100_000,
    seed: 1,
    targets: ["codec", "link", "core", "handshake", "admin", "kv-command", "kv-snapshot"],
    keep: false,
  });
});

test("one target, a seed and a number of frames can be named", () => {
  const args = ["--frames", "10", "--seed", "7", "--target", "core", "--keep"];
  expect(readOptions(args)).toEqual({ frames: 10, seed: 7, targets: ["core"], keep: true });
});

test.each([
  [["--frames", "x"], "--frames: expected a whole number"],
  [["--frames", "0"], "--frames: expected a whole number, 1 or more"],
  [["--seed", "-1"], "--seed"],
  [["--target", "client"], "there is no client"],
  [["--unknown"], "Unknown option"],
])("%o makes no sense", (args, why) => {
  expect(() => readOptions(args)).toThrow(why);
});
