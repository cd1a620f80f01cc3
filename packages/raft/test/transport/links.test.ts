import { describe, expect, test } from "vitest";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import { encodeFrame } from "../../src/transport/message-codec.ts";
import type { PeerMessage } from "../../src/transport/message-codec.ts";
import { electionTimeoutMs, knownTo, learn, LinkWorld, member, talk } from "./link-world.ts";
import type { Side } from "./link-world.ts";

const halfMiB = encodeEntry({
  index: 1,
  term: 1,
  timeMs: 1,
  kind: "command",
  payload: new Uint8Array(1 << 19),
});
const pair = [member("a"), member("b")];

function heard({ lines }: Side): string[] {
  return lines.toSorted();
}

async function expectTalk(world: LinkWorld, a: Side, b: Side): Promise<void> {
  await talk(world, a, "a", b, "b");
  expect(heard(a)).toEqual(["append from b", "heartbeat from b"]);
  expect(heard(b)).toEqual(["append from a", "heartbeat from a"]);
}

test.each(["a", "b"])(
  "when %s moves, the links move along as soon as the other side knows",
  async (mover) => {
    const world = new LinkWorld(1);
    const sides = {
      a: await world.start("a", knownTo(1, pair)),
      b: await world.start("b", knownTo(1, pair)),
    };
    await world.untilUp(sides.a, "a", sides.b, "b");
    const moved = knownTo(
      2,
      pair.map((one) => (one.id === mover ? member(mover, "new:1") : one)),
    );
    // The process goes on elsewhere, with the same data.
    world.kernel.node(mover).crash();
    const elsewhere = await world.start(mover, moved, { on: "new" });
    const [a, b] = mover === "a" ? [elsewhere, sides.b] : [sides.a, elsewhere];
    for (const side of [a, b]) learn(side, moved);
    await world.untilUp(a, "a", b, "b");
    await expectTalk(world, a, b);
  },
);

test("a dial that hangs is given up for the new address, and what it still brings is not taken", async () => {
  const world = new LinkWorld(2);
  const stale = [member("a"), member("b", "old:1")];
  const old = await world.start("b", knownTo(1, stale), { on: "old" });
  // The old address takes its time.
  world.kernel.network.cutBoth("a", "old");
  const a = await world.start("a", knownTo(1, stale));
  await world.pass(300);
  const b = await world.start("b", knownTo(2, pair));
  learn(a, knownTo(2, pair));
  await world.untilUp(a, "a", b, "b");
  world.kernel.network.healAll();
  await world.pass(5 * electionTimeoutMs);
  expect(old.peers.isUp("a")).toBe(false);
  expect(a.lines.filter((line) => line.startsWith("up"))).toHaveLength(1);
  await expectTalk(world, a, b);
});

test("the links stay when the same configuration comes again, or another member moves", async () => {
  const world = new LinkWorld(3);
  const trio = [...pair, member("c")];
  const a = await world.start("a", knownTo(1, trio));
  const b = await world.start("b", knownTo(1, trio));
  await world.untilUp(a, "a", b, "b");
  for (const side of [a, b]) learn(side, knownTo(2, [...pair, member("c", "elsewhere:1")]));
  await world.pass(3 * electionTimeoutMs);
  expect([a, b].map(({ peers }) => peers.connected)).toEqual([["b"], ["a"]]);
  expect([...a.lines, ...b.lines].filter((line) => line.startsWith("down"))).toEqual([]);
});

const large: PeerMessage = { type: "app", payload: new Uint8Array(1 << 20) };

test("of a burst of messages of the application as much is taken as is sent without harm to the links", async () => {
  const world = new LinkWorld(4);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  for (const { lines } of [a, b]) lines.length = 0;
  const taken = Array.from({ length: 60 }, () => a.peers.send("b", large)).filter(Boolean);
  expect(taken.length).toBeGreaterThan(0);
  expect(taken.length).toBeLessThan(5);
  a.peers.flush();
  await world.pass(5 * electionTimeoutMs);
  expect(a.lines).toEqual([]);
  expect(b.lines).toEqual(taken.map(() => "app from a"));
});

test("entries of a turn leave whole, as many as the core lets out", async () => {
  const world = new LinkWorld(5);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  b.lines.length = 0;
  for (let index = 1; index <= 16; index += 1)
    expect(
      a.peers.send("b", {
        type: "append",
        term: 1,
        prev: { index: 0, term: 0 },
        commit: 0,
        entries: [halfMiB],
      }),
    ).toBe(true);
  a.peers.flush();
  await world.pass(electionTimeoutMs);
  expect(b.lines).toEqual(Array.from({ length: 16 }, () => "append from a"));
});

test.each(["a", "b"])(
  "while a large frame of %s arrives for long, the links are not taken for silent",
  async (from) => {
    const world = new LinkWorld(7);
    const sides = {
      a: await world.start("a", knownTo(1, pair)),
      b: await world.start("b", knownTo(1, pair)),
    };
    const { a, b } = sides;
    await world.untilUp(a, "a", b, "b");
    for (const { lines } of [a, b]) lines.length = 0;
    const [sender, receiver, to] = from === "a" ? [a, b, "b"] : [b, a, "a"];
    world.kernel.network.link(from, to).bytesPerMs = 400;
    sender.peers.send(to, { type: "forward", term: 1, firstId: 1, payloads: [new Uint8Array(2 << 20)] });
    sender.peers.flush();
    await world.pass(4 * electionTimeoutMs);
    expect(receiver.lines).toEqual([]);
    await world.pass(4 * electionTimeoutMs);
    expect([sender.lines, receiver.lines]).toEqual([[], [`forward from ${from}`]]);
  },
);

test("links on which a large frame no longer gets on end as silent ones do", async () => {
  const world = new LinkWorld(8);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  world.kernel.network.link("a", "b").bytesPerMs = 400;
  a.peers.send("b", { type: "forward", term: 1, firstId: 1, payloads: [new Uint8Array(2 << 20)] });
  a.peers.flush();
  await world.pass(3 * electionTimeoutMs);
  world.kernel.network.cutBoth("a", "b");
  await world.pass(2 * electionTimeoutMs);
  expect([a.peers.isUp("b"), b.peers.isUp("a")]).toEqual([true, true]);
  await world.pass(1.5 * electionTimeoutMs);
  expect([a.peers.isUp("b"), b.peers.isUp("a")]).toEqual([false, false]);
});

test("a large message of the application holds up no heartbeat, and a small one waits for no entries", async () => {
  const world = new LinkWorld(6);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  b.lines.length = 0;
  a.peers.send("b", large);
  a.peers.send("b", { type: "heartbeat", term: 1, commit: 0, round: 1 });
  a.peers.send("b", { type: "forward", term: 1, firstId: 1, payloads: [new Uint8Array(1 << 20)] });
  a.peers.send("b", { type: "app", payload: new Uint8Array(64 << 10) });
  a.peers.flush();
  await world.pass(electionTimeoutMs);
  expect(b.lines).toEqual(["heartbeat from a", "app from a", "app from a", "forward from a"]);
});

test("it suffices that the smaller id can reach the larger one", async () => {
  const world = new LinkWorld(4);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, [member("a", "nowhere:1"), member("b")]));
  await world.untilUp(a, "a", b, "b");
  await world.pass(10 * electionTimeoutMs);
  expect([...a.lines, ...b.lines].filter((line) => line.startsWith("down"))).toEqual([]);
  await expectTalk(world, a, b);
});

test("it does not suffice that the larger id can reach the smaller one, until that one can, too", async () => {
  const world = new LinkWorld(5);
  const a = await world.start("a", knownTo(1, [member("a"), member("b", "nowhere:1")]));
  const b = await world.start("b", knownTo(1, pair));
  await world.pass(10 * electionTimeoutMs);
  expect([a, b].map(({ peers }) => peers.connected)).toEqual([[], []]);
  learn(a, knownTo(2, pair));
  await world.untilUp(a, "a", b, "b");
  await expectTalk(world, a, b);
});

test.each([
  ["a", "b"],
  ["b", "a"],
])(
  "a way from %s to %s that swallows everything ends the links on both sides, until it is back",
  async (from, to) => {
    const world = new LinkWorld(6);
    const a = await world.start("a", knownTo(1, pair));
    const b = await world.start("b", knownTo(1, pair));
    await world.untilUp(a, "a", b, "b");
    world.kernel.network.cut(from, to);
    await world.until(() => !a.peers.isUp("b") && !b.peers.isUp("a"));
    await world.pass(5 * electionTimeoutMs);
    expect([a, b].map(({ peers }) => peers.connected)).toEqual([[], []]);
    world.kernel.network.healAll();
    await world.untilUp(a, "a", b, "b");
    await expectTalk(world, a, b);
  },
);

test.each([
  ["a", "b"],
  ["b", "a"],
])("links that are half open from %s to %s are found by silence and replaced", async (from, to) => {
  const world = new LinkWorld(7);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  world.kernel.network.halfOpen(from, to);
  await world.until(
    () => [a, b].some(({ lines }) => lines.some((line) => line.startsWith("down"))),
    4 * electionTimeoutMs,
  );
  await world.untilUp(a, "a", b, "b");
  await expectTalk(world, a, b);
});

test.each(["a", "b"])("other data at the address of %s is nobody until it is the member's", async (id) => {
  const world = new LinkWorld(8);
  const other = id === "a" ? "b" : "a";
  const first = await world.start(id, knownTo(1, pair));
  const side = await world.start(other, knownTo(1, pair));
  await world.until(() => first.peers.isUp(other) && side.peers.isUp(id));
  world.kernel.node(id).crash();
  const again = await world.start(id, knownTo(0, []), { data: "2" });
  await world.pass(5 * electionTimeoutMs);
  expect(side.peers.isUp(id) || again.peers.isUp(other)).toBe(false);
  const replaced = knownTo(2, [member(id, `${id}:1`, "2"), member(other)], [id]);
  learn(side, replaced);
  await world.until(() => side.peers.isUp(id) && again.peers.isUp(other));
  expect(side.lines.at(-1)).toBe(`up ${id} with 2`);
});

test("data that is replaced while its links stand loses them at once", async () => {
  const world = new LinkWorld(9);
  const a = await world.start("a", knownTo(1, pair));
  const b = await world.start("b", knownTo(1, pair));
  await world.untilUp(a, "a", b, "b");
  learn(a, knownTo(2, [member("a"), member("b", "b:1", "2")], ["b"]));
  expect(a.peers.isUp("b")).toBe(false);
  await world.pass(5 * electionTimeoutMs);
  expect(a.peers.isUp("b") || b.peers.isUp("a")).toBe(false);
});

test.each(Array.from({ length: 20 }, (_, k) => k * 0.4))(
  "a joiner that learns of its dialer %f ms into the dial, and dials it as well, ends up with one pair of links",
  async (ms) => {
    const world = new LinkWorld(10);
    const known = knownTo(1, [...pair, member("z")], ["a"]);
    const a = await world.start("a", knownTo(0, []));
    const b = await world.start("b", known);
    await world.pass(ms);
    learn(a, known);
    await world.untilUp(a, "a", b, "b");
    await world.pass(3 * electionTimeoutMs);
    await expectTalk(world, a, b);
    await world.pass(10 * electionTimeoutMs);
    expect([a, b].map(({ peers }) => peers.connected)).toEqual([["b"], ["a"]]);
    expect([...a.lines, ...b.lines].filter((line) => line.startsWith("down"))).toEqual([]);
  },
);

test.each([11, 12, 13, 14, 15])(
  "a process that starts anew takes the place of its earlier life, whose frames are heard no more (seed %i)",
  async (seed) => {
    const world = new LinkWorld(seed);
    const a = await world.start("a", knownTo(1, pair));
    const b = await world.start("b", knownTo(1, pair));
    await world.untilUp(a, "a", b, "b");
    // The end of the first life is not heard of, and what it said is on its way.
    world.kernel.network.cut("a", "b");
    a.peers.send("b", { type: "heartbeat", term: 1, commit: 0, round: 1 });
    a.peers.flush();
    world.kernel.node("a").crash({ powerOff: true });
    const again = await world.start("a", knownTo(1, pair));
    world.kernel.network.healAll();
    b.lines.length = 0;
    await world.untilUp(again, "a", b, "b");
    const ups = b.lines.filter((line) => line.startsWith("up"));
    expect(ups).toHaveLength(1);
    const after = b.lines.slice(b.lines.indexOf("up a with 1"));
    expect(after.filter((line) => line.startsWith("heartbeat"))).toEqual([]);
    await expectTalk(world, again, b);
  },
);

describe("of the two links of a member", () => {
  const heartbeat = encodeFrame([{ type: "heartbeat", term: 1, commit: 0, round: 1 }]);

  test("one alone never counts, and is closed when the other does not come", async () => {
    const world = new LinkWorld(20);
    const b = await world.start("b", knownTo(1, pair));
    const control = await world.dialBy("a", "b", "control", 1);
    control.send(heartbeat);
    await world.until(() => !control.isOpen);
    expect(b.lines).toEqual([]);
  });

  test.each(["control", "bulk"] as const)("%s takes the other along when it ends", async (kind) => {
    const world = new LinkWorld(21);
    const b = await world.start("b", knownTo(1, pair));
    const links = {
      control: await world.dialBy("a", "b", "control", 1),
      bulk: await world.dialBy("a", "b", "bulk", 1),
    };
    await world.until(() => b.peers.isUp("a"));
    links[kind].close("enough");
    await world.until(() => !links.control.isOpen && !links.bulk.isOpen);
    expect(b.lines).toEqual(["up a with 1", "down a by peer"]);
  });

  test.each(["control", "bulk"] as const)("a silent %s ends both, whatever the other says", async (kind) => {
    const world = new LinkWorld(22);
    const b = await world.start("b", knownTo(1, pair));
    const links = {
      control: await world.dialBy("a", "b", "control", 1),
      bulk: await world.dialBy("a", "b", "bulk", 1),
    };
    await world.until(() => b.peers.isUp("a"));
    for (let k = 0; k < 40 && links.control.isOpen; k += 1) {
      links[kind === "control" ? "bulk" : "control"].send(heartbeat);
      await world.pass(100);
    }
    expect([links.control.isOpen, links.bulk.isOpen]).toEqual([false, false]);
    expect(b.lines.at(-1)).toBe("down a by us");
  });

  test("links of two attempts are no pair, and the older attempt is closed", async () => {
    const world = new LinkWorld(23);
    const b = await world.start("b", knownTo(1, pair));
    const older = await world.dialBy("a", "b", "control", 1);
    const newer = await world.dialBy("a", "b", "bulk", 2);
    await world.pass(50);
    expect([older.isOpen, newer.isOpen, b.lines]).toEqual([false, true, []]);
    const late = await world.dialBy("a", "b", "control", 1);
    await world.pass(50);
    expect([late.isOpen, newer.isOpen, b.lines]).toEqual([false, true, []]);
    await world.dialBy("a", "b", "control", 2);
    expect(b.lines).toEqual(["up a with 1"]);
  });

  test("the first to stand is heard once the second stands, and not when that never comes", async () => {
    const world = new LinkWorld(24);
    const b = await world.start("b", knownTo(1, pair));
    const control = await world.dialBy("a", "b", "control", 1);
    control.send(heartbeat);
    await world.pass(50);
    expect(b.lines).toEqual([]);
    await world.dialBy("a", "b", "bulk", 1);
    await world.pass(50);
    expect(b.lines).toEqual(["up a with 1", "heartbeat from a"]);
  });

  test("the first to stand is closed when it says more than anybody says by then", async () => {
    const world = new LinkWorld(25);
    const b = await world.start("b", knownTo(1, pair));
    const control = await world.dialBy("a", "b", "control", 1);
    const payload = new Uint8Array(8 << 20);
    for (let k = 0; k < 5; k += 1) control.send(encodeFrame([{ type: "app", payload }]));
    await world.pass(2000);
    expect([control.isOpen, b.lines]).toEqual([false, []]);
  });
});

test("who is told that it is no member hears which configuration it had when it introduced itself", async () => {
  const world = new LinkWorld(12);
  const others = [member("b"), member("c")];
  world.kernel.network.link("b", "a").extraMs = 300;
  const b = await world.start("b", knownTo(5, others));
  const a = await world.start("a", knownTo(3, others));
  // It becomes a member while the refusal is on its way.
  const isOnItsWay = (): boolean => world.kernel.recent("b").some(({ kind }) => kind === "end");
  await world.until(isOnItsWay);
  learn(a, knownTo(6, [...others, member("a")]));
  await world.until(() => a.lines.length > 0);
  expect(a.lines[0]).toBe("removed after 3");
  expect(b.lines).toEqual([]);
});
