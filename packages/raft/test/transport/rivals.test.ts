import { describe, expect, test } from "vitest";
import { electionTimeoutMs, knownTo, learn, LinkWorld, member } from "./link-world.ts";

const pair = [member("a"), member("b")];
const trio = [...pair, member("z")];

describe("of two processes with the data of one member", () => {
  test.each([
    ["a", "b"],
    ["b", "a"],
  ])("the one that comes later is turned away as %s, and told so", async (id, other) => {
    const world = new LinkWorld(16);
    const first = await world.start(id, knownTo(1, pair));
    const side = await world.start(other, knownTo(1, pair));
    await world.until(() => first.peers.isUp(other) && side.peers.isUp(id));
    const twin = await world.start(id, knownTo(1, pair), { on: "elsewhere" });
    await world.until(() => twin.lines.includes(`doubled by ${other}`));
    expect([...first.lines, ...side.lines]).toEqual([`up ${other} with 1`, `up ${id} with 1`]);
    expect(new Set(twin.lines)).toEqual(new Set([`doubled by ${other}`]));
  });

  test("each is told of the other by whoever is linked to that one", async () => {
    const world = new LinkWorld(17);
    const a = await world.start("a", knownTo(1, trio));
    const first = await world.start("b", knownTo(1, [member("a"), member("b"), member("z", "nowhere:1")]));
    await world.untilUp(a, "a", first, "b");
    const z = await world.start("z", knownTo(1, trio));
    const twin = await world.start("b", knownTo(1, trio), { on: "elsewhere" });
    await world.untilUp(z, "z", twin, "b");
    learn(first, knownTo(2, trio));
    await world.until(() => twin.lines.includes("doubled by a") && first.lines.includes("doubled by z"));
  });

  test("the later one is heard soon after the first falls silent, and is not told that it is one of two", async () => {
    const world = new LinkWorld(18);
    const first = await world.start("a", knownTo(1, pair));
    const b = await world.start("b", knownTo(1, pair));
    await world.untilUp(first, "a", b, "b");
    world.kernel.network.cut("a", "b");
    const again = await world.start("a", knownTo(1, pair), { on: "elsewhere" });
    await world.until(() => again.peers.isUp("b") && b.peers.isUp("a"), 3 * electionTimeoutMs);
    await world.pass(20 * electionTimeoutMs);
    expect(again.lines).toEqual(["up b with 1"]);
  });
});
