import { expect, test } from "vitest";
import { encodeFrame } from "../../src/transport/message-codec.ts";
import { electionTimeoutMs, knownTo, LinkWorld, member } from "./link-world.ts";
import type { Side } from "./link-world.ts";

const pair = [member("a"), member("b")];
const heartbeat = encodeFrame([{ type: "heartbeat", term: 1, commit: 0, round: 1 }]);

test.each([
  ["a stranger", knownTo(0, [])],
  ["a member", knownTo(1, pair)],
])("links of a second attempt of %s take the place of those of the first", async (_, known) => {
  const world = new LinkWorld(26);
  const b = await world.start("b", known);
  for (const attempt of [1, 2]) {
    const control = await world.dialBy("a", "b", "control", attempt);
    await world.dialBy("a", "b", "bulk", attempt);
    await world.pass(50);
    expect([b.peers.isUp("a"), b.peers.connected]).toEqual([true, ["a"]]);
    control.send(heartbeat);
    await world.pass(50);
  }
  const once = ["up a with 1", "heartbeat from a"];
  expect(b.lines).toEqual([...once, "down a by us", ...once]);
});

test.each([
  ["closes", ({ peers }: Side) => peers.close()],
  ["waits in vain for the other", () => {}],
])(
  "the only link of a stranger's second attempt is closed when the side it leads to %s",
  async (_, happen) => {
    const world = new LinkWorld(27);
    const b = await world.start("b", knownTo(0, []));
    for (const kind of ["control", "bulk"] as const) await world.dialBy("a", "b", kind, 1);
    const again = await world.dialBy("a", "b", "control", 2);
    await world.pass(50);
    happen(b);
    await world.until(() => !again.isOpen, 3 * electionTimeoutMs);
  },
);
