import type { Channel, ChannelHandler } from "@flotilla/runtime";
import { acceptHandshake, decode, dialHandshake, encode, memoryChannelPair } from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SideLog, SideOptions } from "./harness.ts";
import { connect, ManualClock, runSide, settled } from "./harness.ts";

type Frames = Uint8Array[];

function recordInto(channel: Channel, frames: Frames, ends: string[] = []): void {
  channel.handle({ message: (frame) => void frames.push(frame), end: (end) => void ends.push(end.cause) });
}

/** An acceptor with a stranger on the other side. */
function strangerDials(options: SideOptions = {}): {
  log: SideLog;
  stranger: Channel;
  got: Frames;
  clock: ManualClock;
} {
  const { clock, near, far } = connect();
  const got: Frames = [];
  recordInto(near, got);
  return { log: runSide(acceptHandshake, far, clock, options, 100), stranger: near, got, clock };
}

/** A dialer with a stranger on the other side. */
function strangerAccepts(options: SideOptions = {}): {
  log: SideLog;
  stranger: Channel;
  got: Frames;
  clock: ManualClock;
} {
  const { clock, near, far } = connect();
  const got: Frames = [];
  recordInto(far, got);
  return { log: runSide(dialHandshake, near, clock, options, 1), stranger: far, got, clock };
}

const hello = (identity: Uint8Array = encode("me")): Uint8Array =>
  encode([1, 1, 1, "main", identity, new Uint8Array(32)]);

/** Two honest sides with a man in the middle, who may change each frame, or drop it by returning nothing. */
async function middle(
  change: (frame: Uint8Array, fromDialer: boolean) => Frames,
  options: SideOptions = { secret: "s" },
): Promise<[SideLog, SideLog]> {
  const clock = new ManualClock();
  const pair = { protocol: "test-1", maxFrameBytes: 1_000_000 };
  const [dialer, left] = memoryChannelPair((fn) => clock.defer(fn), pair);
  const [right, acceptor] = memoryChannelPair((fn) => clock.defer(fn), pair);
  const join = (from: Channel, to: Channel, fromDialer: boolean): void =>
    from.handle({
      message: (frame) => change(frame, fromDialer).forEach((one) => to.send(one)),
      end: (end) => to.close(end.reason),
    });
  join(left, right, true);
  join(right, left, false);
  const accepted = runSide(acceptHandshake, acceptor, clock, options, 100);
  const dialed = runSide(dialHandshake, dialer, clock, options, 1);
  clock.run();
  clock.advance(5000);
  await settled();
  return [dialed, accepted];
}

describe("handshake under attack", () => {
  test("the untouched middle lets it pass", async () => {
    const [dialed, accepted] = await middle((frame) => [frame]);
    expect(dialed.peer?.identity).toEqual(["acceptHandshake"]);
    expect(accepted.peer?.identity).toEqual(["dialHandshake"]);
  });

  test("changing any byte of what is said before the end is noticed by both", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 2 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (which, where, flip) => {
          let count = 0;
          const [dialed, accepted] = await middle((frame) => {
            if (count++ !== which) return [frame];
            const changed = Uint8Array.from(frame);
            changed[where % frame.length] = (changed[where % frame.length] ?? 0) ^ flip;
            return [changed];
          });
          expect(accepted.peer).toBe(undefined);
          expect(accepted.error).not.toBe(undefined);
          expect(dialed.peer).toBe(undefined);
        },
      ),
    );
  });

  test("a dialer that is sent its own words back does not take them for an acceptor's", async () => {
    const { log, stranger, got, clock } = strangerAccepts({ secret: "s" });
    clock.run();
    stranger.send(got[0] ?? new Uint8Array());
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_BAD_FRAME");
  });

  test("an acceptor's proof sent back to it does not pass for a dialer's", async () => {
    const { log, stranger, got, clock } = strangerDials({ secret: "s" });
    stranger.send(hello());
    clock.run();
    const [, , mac] = decode(got[0] ?? new Uint8Array()) as [number, Uint8Array, Uint8Array];
    expect(mac.length).toBe(32);
    stranger.send(encode([3, mac]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_WRONG_SECRET");
  });

  test("a proof recorded in one conversation does not open another", async () => {
    const recorded: Frames = [];
    await middle((frame, fromDialer) => {
      if (fromDialer) recorded.push(frame);
      return [frame];
    });
    expect(recorded.length).toBe(2);
    const { clock, near, far } = connect();
    recordInto(near, []);
    const log = runSide(acceptHandshake, far, clock, { secret: "s" }, 555);
    for (const frame of recorded) near.send(frame);
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_WRONG_SECRET");
  });

  test("a proof made on one protocol is none on another", async () => {
    const clock = new ManualClock();
    const [dialer, left] = memoryChannelPair((fn) => clock.defer(fn), {
      protocol: "test-1",
      maxFrameBytes: 5000,
    });
    const [right, acceptor] = memoryChannelPair((fn) => clock.defer(fn), {
      protocol: "test-2",
      maxFrameBytes: 5000,
    });
    left.handle({ message: (frame) => right.send(frame), end: () => right.close() });
    right.handle({ message: (frame) => left.send(frame), end: () => left.close() });
    const accepted = runSide(acceptHandshake, acceptor, clock, { secret: "s" }, 100);
    const dialed = runSide(dialHandshake, dialer, clock, { secret: "s" }, 1);
    clock.run();
    await settled();
    expect([dialed.error?.code, accepted.error?.code]).toEqual([
      "ERR_FLOTILLA_WRONG_SECRET",
      "ERR_FLOTILLA_WRONG_SECRET",
    ]);
  });

  test("the dialer proves nothing to one who did not prove itself", async () => {
    const { log, stranger, got, clock } = strangerAccepts({ secret: "s" });
    stranger.send(encode([2, encode([1, "main", encode("x"), new Uint8Array(32)]), new Uint8Array(32)]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_WRONG_SECRET");
    expect(got.map((frame) => (decode(frame) as number[])[0])).toEqual([1, 5]);
  });

  test("a dialer does not take an early ok for the end", async () => {
    const { log, stranger, clock } = strangerAccepts({ secret: "s" });
    stranger.send(encode([4]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_BAD_FRAME");
  });

  test("a stranger cannot make a dialer believe that it was wiped", async () => {
    const { log, stranger, clock } = strangerAccepts({ secret: "s" });
    stranger.send(encode([5, "ERR_FLOTILLA_WIPED", "you are wiped"]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_UNREACHABLE");
  });

  test("a version that was not offered is refused", async () => {
    const { log, stranger, clock } = strangerAccepts();
    stranger.send(encode([2, encode([7, "main", encode("x"), new Uint8Array(32)]), new Uint8Array(0)]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_UNSUPPORTED");
  });

  test.each<[string, Uint8Array]>([
    ["an oversized frame", new Uint8Array(4097)],
    ["an oversized identity", hello(new Uint8Array(1025))],
    ["an identity that is no CBOR", hello(Uint8Array.of(0xff))],
    ["a short nonce", encode([1, 1, 1, "main", encode("me"), new Uint8Array(31)])],
    ["noise", Uint8Array.of(0xff, 0x00)],
    ["an empty frame", new Uint8Array(0)],
    ["a proof before any hello", encode([3, new Uint8Array(32)])],
    ["items too many", encode([1, 1, 1, "main", encode("me"), new Uint8Array(32), 7])],
  ])("%s is refused as a bad frame", async (_name, frame) => {
    const { log, stranger, got, clock } = strangerDials();
    stranger.send(frame);
    clock.run();
    stranger.send(encode([3, new Uint8Array(0)]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_BAD_FRAME");
    expect((decode(got.at(-1) ?? new Uint8Array()) as unknown[]).slice(0, 2)).toEqual([
      5,
      "ERR_FLOTILLA_BAD_FRAME",
    ]);
    expect(stranger.isOpen).toBe(false);
  });

  test("an oversized frame is refused for its size, unread", async () => {
    const { log, stranger, clock } = strangerDials();
    stranger.send(encode([1, "x".repeat(5000)]));
    clock.run();
    await settled();
    expect(log.error?.message).toMatch("at most 4096 bytes");
  });

  test("a stranger of another cluster is told nothing but that", async () => {
    const { stranger, got, clock } = strangerDials({ identity: "private", secret: "s" });
    stranger.send(encode([1, 1, 1, "other", encode("me"), new Uint8Array(32)]));
    clock.run();
    await settled();
    expect(got.map((frame) => (decode(frame) as unknown[]).slice(0, 2))).toEqual([
      [5, "ERR_FLOTILLA_WRONG_CLUSTER"],
    ]);
  });

  test("arbitrary frames never complete it nor escape as another error", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 4 }),
        async (frames) => {
          for (const { log, stranger, clock } of [strangerDials(), strangerAccepts()]) {
            for (const frame of frames) stranger.send(frame);
            clock.run();
            clock.advance(5000);
            await settled();
            expect(log.peer).toBe(undefined);
            expect(log.error?.code).toMatch(/^ERR_FLOTILLA_(BAD_FRAME|UNREACHABLE|TIMEOUT)$/);
          }
        },
      ),
    );
  });

  test.each([1, 31])("a proof of %i bytes is a bad frame, not a wrong one", async (length) => {
    const { log, stranger, clock } = strangerDials({ secret: "s" });
    stranger.send(hello());
    stranger.send(encode([3, new Uint8Array(length)]));
    clock.run();
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_BAD_FRAME");
  });

  test("what a channel still delivers after a refusal is not heard", async () => {
    let handler: ChannelHandler | undefined;
    const sent: unknown[] = [];
    const channel: Channel = {
      protocol: "test-1",
      remoteAddress: "",
      bufferedBytes: 0,
      isOpen: true,
      handle: (given) => void (handler = given),
      send: (frame) => void sent.push(decode(frame)),
      close: () => {},
    };
    const log = runSide(acceptHandshake, channel, new ManualClock(), {}, 100);
    handler?.message(Uint8Array.of(0xff));
    handler?.message(hello());
    handler?.message(encode([3, new Uint8Array(0)]));
    await settled();
    expect(sent).toEqual([[5, "ERR_FLOTILLA_BAD_FRAME", expect.any(String)]]);
    expect(log.heard).toEqual([]);
  });

  test("silence ends in a timeout on either side", async () => {
    for (const { log, stranger, clock } of [
      strangerDials({ timeoutMs: 699.75 }),
      strangerAccepts({ timeoutMs: 699.75 }),
    ]) {
      clock.advance(699);
      await settled();
      expect(log.settled).toBe(false);
      clock.advance(1);
      await settled();
      expect(log.error?.code).toBe("ERR_FLOTILLA_TIMEOUT");
      expect(log.error?.message).toBe("no handshake within 700 ms");
      expect(stranger.isOpen).toBe(false);
    }
  });

  test("a dialer that waits in vain for the last word tells nothing to one who is through", async () => {
    let answers = 0;
    const [dialed, accepted] = await middle((frame, fromDialer) => {
      answers += fromDialer ? 0 : 1;
      return !fromDialer && answers === 2 ? [] : [frame];
    });
    expect(dialed.error?.code).toBe("ERR_FLOTILLA_TIMEOUT");
    expect(accepted.heard).toEqual(["ready", "end closed"]);
  });

  test("a slow talker does not stretch the time", async () => {
    const { log, stranger, clock } = strangerDials();
    clock.advance(4000);
    stranger.send(hello());
    clock.run();
    clock.advance(1000);
    await settled();
    expect(log.error?.code).toBe("ERR_FLOTILLA_TIMEOUT");
  });

  test.each(["going down", ""])(
    "a channel that ends early, with reason %j, fails it as unreachable, at once",
    async (reason) => {
      for (const { log, stranger, clock } of [strangerDials(), strangerAccepts()]) {
        stranger.close(reason);
        clock.run();
        await settled();
        expect(log.error?.code).toBe("ERR_FLOTILLA_UNREACHABLE");
        expect(log.error?.message).toMatch(reason === "" ? "closed" : reason);
        expect(clock.pendingTimers).toBe(0);
      }
    },
  );
});
