import { expect, test } from "vitest";
import { MemberProcess } from "../../jepsen/src/processes/member-process.ts";

// In this order: the first leaves a process running, as a test does that runs out of time.
const left = new MemberProcess({ id: "left", command: ["-e", "setInterval(() => {}, 1000)"] });

test("a process started by a test may outlast it", () => {
  left.start();
  expect(left.isRunning).toBe(true);
});

test("but not for long: it is killed with the test", async () => {
  await left.ended();
  expect(left.log).toMatch("[ended: SIGKILL]");
});
