import { expect, test } from "vitest";
import { attribute } from "../src/finding.ts";

const stop = (message: string) => ({ invariant: "Crash", message });

test("nothing found is no finding", () => {
  expect(attribute([])).toBeNull();
});

test("a checker is named, also when something crashed before it spoke", () => {
  const found = attribute([
    stop("n1 stopped: TypeError: x"),
    { invariant: "QuorumReal", message: "two of five" },
  ]);
  expect(found).toEqual({ by: "QuorumReal", isChecker: true, message: "two of five" });
});

test("a member that stops at an invariant of its own was caught by that invariant", () => {
  const message = "n2 stopped: ERR_FLOTILLA_INTERNAL: invariant broken: NeverTruncateCommitted\n at x";
  expect(attribute([stop(message)])).toMatchObject({
    by: "assertion NeverTruncateCommitted",
    isChecker: true,
  });
});

test("a member that refuses data nobody harmed was caught by the proof at its start", () => {
  const message = "n3 stopped: ERR_FLOTILLA_DAMAGED: the log does not match its chained checksum";
  expect(attribute([stop(message)])).toMatchObject({ by: "SoundDataOpens", isChecker: true });
});

test.each([
  "n1 stopped: TypeError: undefined is not a function",
  "n1 stopped: ERR_FLOTILLA_INTERNAL: the log holds a command that this node cannot read",
  "the process of the world ended with SIGSEGV",
])("any other end is a crash: %s", (message) => {
  expect(attribute([stop(message)])).toMatchObject({ by: "crash", isChecker: false });
});
