import { describe, expect, test } from "vitest";
import type { Host } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { Pair } from "./sim-world.ts";
import { connect, Heard, text } from "./sim-world.ts";

interface World extends Pair {
  readonly kernel: Kernel;
  readonly hostA: Host;
  readonly hostB: Host;
}

async function world(seed = 1, protocol = "test"): Promise<World> {
  const kernel = new Kernel({ seed });
  const [hostA, hostB] = [kernel.node("a").start(), kernel.node("b").start()];
  return { kernel, hostA, hostB, ...(await connect(kernel, hostA, hostB, protocol)) };
}

async function later(kernel: Kernel, forMs: number): Promise<void> {
  await kernel.run({ untilMs: kernel.nowMs + forMs });
}

async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return FlotillaError.is(error) ? error.code : "none";
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);
const dialing = { protocol: "test", maxFrameBytes: 1000 };

describe("a channel that closes with much queued", () => {
  const closed = { cause: "closed", remote: true, reason: "bye" } as const;
  const frames = 32;

  async function closeWithMuch(bytesPerMs: number): Promise<World> {
    const made = await world();
    made.kernel.network.setThroughput(bytesPerMs);
    for (let k = 0; k < frames; k += 1) made.a.send(new Uint8Array(1_000_000));
    made.a.close("bye");
    return made;
  }

  test("sends all of it, and why, when it leaves within 5 s", async () => {
    const { kernel, atB } = await closeWithMuch(10_000);
    await later(kernel, 4_000);
    expect(atB.messages).toHaveLength(frames);
    expect(atB.ends).toEqual([closed]);
  });

  test("drops what did not leave by then, and ends without a reason", async () => {
    const { kernel, atA, atB } = await closeWithMuch(2_100);
    await later(kernel, 60_000);
    expect(atA.ends).toEqual([{ ...closed, remote: false }]);
    expect(atB.messages).toHaveLength(10);
    expect(atB.ends).toEqual([{ ...closed, reason: "" }]);
  });

  test("over a cut too: only what the systems hold arrives once it is healed", async () => {
    const { kernel, a, atB } = await world();
    kernel.network.cut("a", "b");
    for (const n of numbers(3)) a.send(text(n));
    for (let k = 0; k < frames; k += 1) a.send(new Uint8Array(1_000_000));
    a.close("bye");
    await later(kernel, 60_000);
    kernel.network.healAll();
    await later(kernel, 1_000);
    expect(atB.messages).toEqual(numbers(3));
    expect(atB.ends).toEqual([{ ...closed, reason: "" }]);
  });
});

describe("cut links", () => {
  test("a cut holds back one way only, and what waited arrives in order after the heal", async () => {
    const { kernel, a, b, atA, atB } = await world();
    kernel.network.cut("a", "b");
    for (const n of numbers(50)) a.send(text(n));
    b.send(text("other way"));
    await later(kernel, 60_000);
    expect(atB.messages).toEqual([]);
    expect(atA.messages).toEqual(["other way"]);
    expect([atA.ends, atB.ends]).toEqual([[], []]);
    kernel.network.heal("a", "b");
    await later(kernel, 100);
    expect(atB.messages).toEqual(numbers(50));
  });

  test("what is under way when the cut comes waits as well", async () => {
    const { kernel, a, atB } = await world();
    kernel.network.link("a", "b").extraMs = 10;
    a.send(text("1"));
    await later(kernel, 5);
    kernel.network.cutBoth("a", "b");
    a.send(text("2"));
    await later(kernel, 1000);
    expect(atB.messages).toEqual([]);
    kernel.network.healAll();
    await later(kernel, 100);
    expect(atB.messages).toEqual(["1", "2"]);
  });

  test("a partition separates the groups and nothing else", async () => {
    const kernel = new Kernel({ seed: 1 });
    for (const name of ["a", "b", "c", "d"]) kernel.node(name);
    kernel.network.partition(["a", "b"], ["c"]);
    const cut = (from: string, to: string): boolean => kernel.network.link(from, to).isCut;
    expect([cut("a", "c"), cut("c", "b"), cut("a", "b"), cut("c", "d")]).toEqual([true, true, false, false]);
    kernel.network.healAll();
    kernel.network.isolate("d");
    expect([cut("a", "c"), cut("d", "a"), cut("b", "d")]).toEqual([false, true, true]);
  });

  test("a dial over a cut times out; one where nobody listens is refused at once", async () => {
    const { kernel, hostA } = await world();
    expect(await code(kernel.until(hostA.network.dial("b:9", dialing)))).toBe("ERR_FLOTILLA_UNREACHABLE");
    expect(await code(kernel.until(hostA.network.dial("nowhere:1", dialing)))).toBe(
      "ERR_FLOTILLA_UNREACHABLE",
    );
    const before = kernel.nowMs;
    kernel.network.cut("b", "a");
    expect(await code(kernel.until(hostA.network.dial("b:1", { ...dialing, timeoutMs: 700 })))).toBe(
      "ERR_FLOTILLA_UNREACHABLE",
    );
    expect(kernel.nowMs - before).toBeGreaterThanOrEqual(700);
  });

  test("a dial takes two round trips", async () => {
    const { kernel, hostA } = await world();
    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      kernel.network.link(from, to).latency = { minMs: 10, meanMs: 10 };
    }
    const before = kernel.nowMs;
    await kernel.until(hostA.network.dial("b:1", dialing));
    expect(kernel.nowMs - before).toBeCloseTo(40, 3);
  });

  test("a listener whose dialer gave up meanwhile hears the end", async () => {
    const { kernel, hostA, hostB } = await world();
    const heard = new Heard(kernel);
    const options = { address: "b:2", protocols: ["test"], maxFrameBytes: 10 };
    await kernel.until(hostB.network.listen(options, (channel) => channel.handle(heard)));
    kernel.after(0.5, () => kernel.node("b").pause());
    kernel.network.setLatency({ minMs: 1, meanMs: 1 });
    expect(await code(kernel.until(hostA.network.dial("b:2", { ...dialing, timeoutMs: 100 })))).toBe(
      "ERR_FLOTILLA_UNREACHABLE",
    );
    kernel.node("b").resume();
    await later(kernel, 100);
    expect(heard.ends).toMatchObject([{ cause: "reset", remote: true }]);
  });
});

describe("broken connections", () => {
  test("a half-open connection accepts everything, delivers nothing, and does not come back", async () => {
    const { kernel, a, b, atA, atB, hostA } = await world();
    kernel.network.halfOpen("a", "b");
    a.send(text("lost"));
    b.send(text("arrives"));
    await later(kernel, 60_000);
    kernel.network.healAll();
    await later(kernel, 60_000);
    expect([atA.messages, atB.messages, a.isOpen, b.isOpen]).toEqual([["arrives"], [], true, true]);
    expect((await kernel.until(hostA.network.dial("b:1", dialing))).isOpen).toBe(true);
  });

  test("a reset ends both sides once, each in an event of its own", async () => {
    const { kernel, a, atA, atB } = await world();
    a.send(text("in flight"));
    kernel.network.reset("b", "a");
    const nodes: string[] = [];
    kernel.onAfterEvent((event) => void (event.kind === "reset" && nodes.push(event.node)));
    await later(kernel, 100);
    const end = { cause: "reset", remote: false, reason: "" };
    expect([atA.ends, atB.ends, atB.messages]).toEqual([[end], [end], []]);
    expect(nodes.toSorted()).toEqual(["a", "b"]);
  });

  test("bytes the receiver does not take pile up at the sender", async () => {
    const { kernel, a, atB } = await world();
    kernel.node("b").pause();
    const frame = new Uint8Array(100_000);
    for (let i = 0; i < 10; i += 1) a.send(frame);
    await later(kernel, 1000);
    expect(a.bufferedBytes).toBe(1_000_000 - 256 * 1024);
    kernel.node("b").resume();
    await later(kernel, 1000);
    expect([a.bufferedBytes, atB.messages.length]).toEqual([0, 10]);
  });

  test("a throttled link takes as long as its bytes", async () => {
    const { kernel, a, atB } = await world();
    kernel.network.link("a", "b").bytesPerMs = 100;
    a.send(new Uint8Array(100_000));
    await later(kernel, 999);
    expect(atB.messages).toHaveLength(0);
    await later(kernel, 50);
    expect(atB.messages).toHaveLength(1);
  });

  test("its bytes are seen to come in before a frame is whole, and no more once nothing passes", async () => {
    const { kernel, a, b, atB } = await world();
    kernel.network.link("a", "b").bytesPerMs = 100;
    const before = b.receivedBytes ?? 0;
    const received = (): number => (b.receivedBytes ?? 0) - before;
    for (let k = 0; k < 2; k += 1) a.send(new Uint8Array(50_000));
    await later(kernel, 250);
    const quarter = received();
    expect(quarter).toBeGreaterThan(20_000);
    expect(quarter).toBeLessThan(30_000);
    expect(atB.messages).toHaveLength(0);
    await later(kernel, 500);
    const most = received();
    expect(most).toBeGreaterThan(70_000);
    expect(most).toBeLessThan(80_000);
    kernel.network.cut("a", "b");
    await later(kernel, 1000);
    expect(received()).toBe(most);
    kernel.network.healAll();
    await later(kernel, 1000);
    expect(received()).toBe(100_000);
    expect(atB.messages).toHaveLength(2);
    expect(a.receivedBytes).toBe(0);
  });

  test("a frame changed after it was sent is found", async () => {
    const { kernel, a } = await world();
    const frame = text("mine");
    a.send(frame);
    frame[0] = 0;
    await expect(later(kernel, 100)).rejects.toThrow("FrameUnchangedAfterSend");
  });
});

describe("a process that dies", () => {
  test("its peers hear the end from the other side, after what had left", async () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { kernel, a, atA, atB } = await world(seed);
      a.send(text("last words"));
      const crashedAt = kernel.nowMs;
      kernel.node("a").crash();
      await later(kernel, 100);
      expect(atA.ends).toEqual([]);
      expect(atB.ends).toHaveLength(1);
      expect(atB.ends[0]?.remote).toBe(true);
      expect(atB.endedAtMs).toBeGreaterThan(crashedAt);
      kinds.add(`${atB.ends[0]?.cause} ${atB.messages.join()}`);
    }
    expect([...kinds].toSorted()).toEqual(["closed ", "closed last words", "reset ", "reset last words"]);
  });

  test("behind a cut nobody hears of it until they send after the heal", async () => {
    const { kernel, b, atB } = await world();
    kernel.network.cutBoth("a", "b");
    kernel.node("a").crash();
    await later(kernel, 60_000);
    kernel.network.healAll();
    await later(kernel, 60_000);
    expect([atB.ends, b.isOpen]).toEqual([[], true]);
    b.send(text("anyone?"));
    await later(kernel, 100);
    expect(atB.ends).toEqual([{ cause: "reset", remote: true, reason: "" }]);
  });

  test("without power nothing answers, until the machine is on again", async () => {
    const { kernel, b, atB, hostB } = await world();
    kernel.node("a").crash({ powerOff: true });
    b.send(text("anyone?"));
    const before = kernel.nowMs;
    expect(await code(kernel.until(hostB.network.dial("a:1", { ...dialing, timeoutMs: 500 })))).toBe(
      "ERR_FLOTILLA_UNREACHABLE",
    );
    expect(kernel.nowMs - before).toBeGreaterThanOrEqual(500);
    expect(atB.ends).toEqual([]);
    kernel.node("a").start();
    b.send(text("anyone now?"));
    await later(kernel, 100);
    expect(atB.ends).toEqual([{ cause: "reset", remote: true, reason: "" }]);
  });

  test("nothing of it runs or acts any more, and its ports are free", async () => {
    const { kernel, a, hostB, atB, b } = await world();
    let ran = 0;
    const count = (): void => void (ran += 1);
    hostB.clock.setTimer(50, count);
    hostB.clock.defer(count);
    void hostB.disk.files.replace("f", text("x")).then(count, count);
    a.send(text("too late"));
    kernel.node("b").crash();
    hostB.clock.setTimer(1, count);
    hostB.clock.defer(count);
    void hostB.network.dial("a:1", dialing).then(count, count);
    void hostB.disk.openStore("log").then(count, count);
    b.send(text("ghost"));
    b.close();
    await later(kernel, 1000);
    expect([ran, atB.messages.length, atB.ends.length]).toEqual([0, 0, 0]);
    const again = kernel.node("b").start();
    const options = { address: "b:1", protocols: ["test"], maxFrameBytes: 10 };
    expect((await kernel.until(again.network.listen(options, () => {}))).address).toBe("b:1");
    expect((await kernel.until(again.disk.openStore("log"))).getSync(text("k"))).toBeUndefined();
  });

  test("a host name can move to another machine", async () => {
    const { kernel, hostA } = await world();
    const hostC = kernel.node("c").start();
    const options = { address: "c:1", protocols: ["other"], maxFrameBytes: 10 };
    await kernel.until(hostC.network.listen(options, (channel) => channel.handle(new Heard(kernel))));
    const dial = (): Promise<unknown> =>
      kernel.until(hostA.network.dial("db:1", { ...dialing, protocol: "other" }));
    expect(await code(dial())).toBe("ERR_FLOTILLA_UNREACHABLE");
    kernel.network.setAlias("db", "c");
    expect(await code(dial())).toBe("none");
  });
});

describe("single messages", () => {
  test("on peer channels they are lost, repeated and reordered, behind the hello", async () => {
    const { kernel, a, atB } = await world(1, "flotilla-peer-1");
    kernel.network.setPeerFaults({ drop: 0.2, repeat: 0.2, reorder: 0.2 });
    const sent = numbers(300);
    for (const n of sent) {
      a.send(text(n));
      await later(kernel, 0.2);
    }
    await later(kernel, 1000);
    const got = atB.messages;
    expect(got.slice(0, 4)).toEqual(sent.slice(0, 4));
    const distinct = new Set(got);
    expect(distinct.size).toBeLessThan(280);
    expect(got.length).toBeGreaterThan(distinct.size + 10);
    expect(got.map(Number)).not.toEqual(got.map(Number).toSorted((x, y) => x - y));
  });

  test("other channels are spared", async () => {
    const { kernel, a, atB } = await world();
    kernel.network.setPeerFaults({ drop: 0.5, repeat: 0.5, reorder: 0.5 });
    for (const n of numbers(100)) a.send(text(n));
    await later(kernel, 1000);
    expect(atB.messages).toEqual(numbers(100));
  });

  test("datagrams are lost, repeated and reordered, and a cut loses them for ever", async () => {
    const { kernel, hostA, hostB } = await world();
    const got: number[] = [];
    await kernel.until(hostB.network.datagrams("b:1", (_from, message) => void got.push(message[0] ?? 0)));
    const port = await kernel.until(hostA.network.datagrams("a:1", () => {}));
    const send = async (): Promise<void> => {
      got.length = 0;
      for (let i = 0; i < 100; i += 1) port.send("b:1", Uint8Array.of(i));
      await later(kernel, 1000);
    };
    await send();
    expect(got.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(got).not.toEqual(got.toSorted((x, y) => x - y));
    kernel.network.setDatagramFaults({ drop: 0.3 });
    await send();
    expect(got.length).toBeLessThan(90);
    kernel.network.setDatagramFaults({ repeat: 0.3 });
    await send();
    expect(got.length).toBeGreaterThan(110);
    kernel.network.cut("a", "b");
    await send();
    kernel.network.healAll();
    await later(kernel, 1000);
    expect(got).toEqual([]);
  });

  test("every send is seen at its very moment, also what is lost", async () => {
    const { kernel, a } = await world();
    const seen: string[] = [];
    const stop = kernel.network.onSend(({ from, to, protocol, frame }) => {
      seen.push(`${from}>${to} ${protocol} ${frame.length}`);
    });
    kernel.network.cut("a", "b");
    a.send(text("12345"));
    expect(seen).toEqual(["a>b test 5"]);
    stop();
    a.send(text("1"));
    expect(seen).toHaveLength(1);
  });
});
