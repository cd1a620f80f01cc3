import type { Channel } from "@flotilla/runtime";
import { memoryChannelPair } from "@flotilla/runtime";
import { channelConformance } from "@flotilla/runtime/conformance";
import { describe, expect, test } from "vitest";
import { realWorld } from "./real/world.ts";

const options = { protocol: "test-1", maxFrameBytes: 1000 };

function heardBy(channel: Channel): string[] {
  const heard: string[] = [];
  channel.handle({
    message: (frame) => heard.push(`frame ${frame.length}`),
    end: (end) => heard.push(`${end.cause} ${end.remote ? "remote" : "local"} ${end.reason}`.trim()),
  });
  return heard;
}

/** A defer that runs when told to. */
function manual(): { defer: (fn: () => void) => void; run: () => void } {
  const calls: (() => void)[] = [];
  return {
    defer: (fn) => void calls.push(fn),
    run: () => {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) call();
    },
  };
}

describe("memory channel", () => {
  test.each(channelConformance)("$name", (one) =>
    one.run({
      world: realWorld,
      async connect(near, far, maxFrameBytes) {
        const pair = memoryChannelPair(setImmediate, { protocol: "test-1", maxFrameBytes });
        pair[0].handle(near);
        pair[1].handle(far);
        return { near: pair[0], far: pair[1] };
      },
    }),
  );

  test("frames wait for a handler, and so does the end", () => {
    const { defer, run } = manual();
    const [near, far] = memoryChannelPair(defer, options);
    near.send(new Uint8Array(3));
    near.close("bye");
    run();
    const heard = heardBy(far);
    expect(heard).toEqual([]);
    run();
    expect(heard).toEqual(["frame 3", "closed remote bye"]);
  });

  test("a sender that closes after an oversized frame is still told of it as oversized by the receiver", () => {
    const { defer, run } = manual();
    const [near, far] = memoryChannelPair(defer, options);
    const heard = heardBy(far);
    near.send(new Uint8Array(1001));
    near.close("bye");
    run();
    expect(heard).toEqual(["oversized local"]);
  });

  test("the sender may keep its frame while the receiver changes what it got", () => {
    const { defer, run } = manual();
    const [near, far] = memoryChannelPair(defer, options);
    const frame = Uint8Array.of(1, 2, 3);
    far.handle({ message: (got) => void got.fill(0), end: () => {} });
    near.send(frame);
    run();
    expect([...frame]).toEqual([1, 2, 3]);
  });

  test("bufferedBytes counts what the other side has not heard", () => {
    const { defer, run } = manual();
    const [near, far] = memoryChannelPair(defer, options);
    heardBy(far);
    near.send(new Uint8Array(10));
    near.send(new Uint8Array(5));
    expect(near.bufferedBytes).toBe(15);
    expect(far.bufferedBytes).toBe(0);
    run();
    expect(near.bufferedBytes).toBe(0);
  });
});
