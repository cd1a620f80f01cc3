import { expect, test } from "vitest";
import { Launch } from "../src/systems/launch.ts";
import { Member } from "../src/systems/member.ts";

test("a server can be started again once it has ended, not before", async () => {
  const launch = new Launch({ servers: null, load: null });
  const options = { pin: "servers", logFile: null } as const;
  const member = new Member(1, () => launch.node(["-e", "setInterval(() => {}, 1000)"], options));
  const { pid } = member.process;
  expect(() => member.start()).toThrow("still runs");
  await member.process.stop();
  member.start();
  expect(member.process.pid).not.toBe(pid);
  await member.process.stop();
});
