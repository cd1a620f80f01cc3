import assert from "node:assert/strict";
import type { Channel, ChannelHandler } from "../network.ts";
import type { ConformanceCase, World } from "./case.ts";
import { bytes, text } from "./expect.ts";
import { Recorder } from "./recorder.ts";

/** Both sides of one channel. */
export interface ChannelPair {
  readonly near: Channel;
  readonly far: Channel;
}

export interface ChannelSubject {
  readonly world: World;
  /** Opens a channel and calls `handle` on both sides. */
  connect(near: ChannelHandler, far: ChannelHandler, maxFrameBytes: number): Promise<ChannelPair>;
}

interface Connected extends ChannelPair {
  readonly world: World;
  /** What the near side heard. */
  readonly nearHeard: Recorder;
  /** What the far side heard. */
  readonly farHeard: Recorder;
}

async function open(subject: ChannelSubject, maxFrameBytes = 64 * 1024): Promise<Connected> {
  const nearHeard = new Recorder();
  const farHeard = new Recorder();
  const pair = await subject.world.until(subject.connect(nearHeard, farHeard, maxFrameBytes));
  return { ...pair, world: subject.world, nearHeard, farHeard };
}

function frame(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7 + seed) & 0xff);
}

/** What every `Channel` keeps. */
export const channelConformance: readonly ConformanceCase<ChannelSubject>[] = [
  {
    name: "frames of every size arrive whole and in order, both ways",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      const sizes = [0, 1, 125, 126, 127, 65_535, 65_536];
      const sent = Array.from({ length: 210 }, (_, index) => frame(sizes[index % sizes.length] ?? 0, index));
      for (const one of sent) near.send(one);
      for (const one of sent) far.send(one);
      await world.until(Promise.all([nearHeard.received(sent.length), farHeard.received(sent.length)]));
      for (const heard of [nearHeard, farHeard]) {
        assert.equal(heard.frames.length, sent.length);
        for (const [index, one] of sent.entries()) {
          const got = heard.frames[index];
          assert.ok(got !== undefined && Buffer.compare(got, one) === 0, `frame ${index}`);
        }
      }
    },
  },
  {
    name: "a received frame is a plain Uint8Array that belongs to the handler",
    async run(subject) {
      const { world, near, farHeard } = await open(subject);
      near.send(bytes("one"));
      near.send(bytes("two"));
      await world.until(farHeard.received(2));
      const [first, second] = farHeard.frames;
      assert.ok(first !== undefined && second !== undefined);
      assert.equal(Object.getPrototypeOf(first), Uint8Array.prototype);
      first.fill(0);
      assert.equal(text(second), "two");
      near.send(bytes("three"));
      await world.until(farHeard.received(3));
      assert.equal(text(second), "two");
    },
  },
  {
    name: "bytes received are counted, if at all, by the time their frame is heard",
    async run(subject) {
      const { world, near, far, farHeard } = await open(subject);
      const { receivedBytes: before } = far;
      near.send(frame(10_000, 1));
      await world.until(farHeard.received(1));
      const { receivedBytes: after } = far;
      assert.equal(after === undefined, before === undefined);
      assert.ok(before === undefined || after === undefined || after - before >= 10_000);
    },
  },
  {
    name: "neither send nor close calls a handler before it returns",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      const heard = [nearHeard, farHeard];
      function quietly(act: () => void): void {
        for (const one of heard) one.sending++;
        act();
        for (const one of heard) one.sending--;
      }
      farHeard.onMessage = (got) => quietly(() => far.send(got));
      for (let i = 0; i < 20; i++) quietly(() => near.send(frame(i, i)));
      await world.until(nearHeard.received(20));
      quietly(() => near.close());
      await world.until(Promise.all([nearHeard.ended(), farHeard.ended()]));
      assert.ok(!nearHeard.reentrant && !farHeard.reentrant);
    },
  },
  {
    name: "frames sent before close arrive, then both sides hear the end with its reason",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      for (let i = 0; i < 50; i++) near.send(frame(5000, i));
      near.close("done for today");
      assert.equal(near.isOpen, false);
      const [local, remote] = await world.until(Promise.all([nearHeard.ended(), farHeard.ended()]));
      assert.equal(farHeard.frames.length, 50);
      assert.deepEqual(remote, { cause: "closed", remote: true, reason: "done for today" });
      assert.deepEqual(local, { cause: "closed", remote: false, reason: "done for today" });
      assert.equal(far.isOpen, false);
    },
  },
  {
    name: "after close nothing is sent, closing again changes nothing, and the end comes once",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      near.close("first");
      near.send(bytes("late"));
      near.close("second");
      const remote = await world.until(farHeard.ended());
      await world.until(nearHeard.ended());
      far.send(bytes("later"));
      far.close("third");
      near.close();
      await world.settle();
      assert.equal(remote?.reason, "first");
      assert.deepEqual([nearHeard.frames.length, farHeard.frames.length], [0, 0]);
      assert.deepEqual([nearHeard.ends.length, farHeard.ends.length], [1, 1]);
    },
  },
  {
    name: "the side that closed hears no further message",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      nearHeard.onMessage = () => near.close("enough");
      for (let i = 0; i < 10; i++) far.send(frame(100, i));
      await world.until(Promise.all([nearHeard.ended(), farHeard.ended()]));
      await world.settle();
      assert.equal(nearHeard.frames.length, 1);
    },
  },
  {
    name: "a close without a reason gives an empty one",
    async run(subject) {
      const { world, near, farHeard } = await open(subject);
      near.close();
      assert.deepEqual(await world.until(farHeard.ended()), {
        cause: "closed",
        remote: true,
        reason: "",
      });
    },
  },
  {
    name: "a long reason is cut to 120 bytes between characters",
    async run(subject) {
      const { world, near, farHeard } = await open(subject);
      near.close(`a${"é".repeat(100)}`);
      const end = await world.until(farHeard.ended());
      assert.equal(end?.reason, `a${"é".repeat(59)}`);
    },
  },
  {
    name: "both sides may close at once",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject);
      near.close("near");
      far.close("far");
      const ends = await world.until(Promise.all([nearHeard.ended(), farHeard.ended()]));
      assert.deepEqual(
        ends.map((end) => end?.cause),
        ["closed", "closed"],
      );
    },
  },
  {
    name: "a frame of exactly maxFrameBytes passes",
    async run(subject) {
      const { world, near, far, nearHeard, farHeard } = await open(subject, 1000);
      near.send(frame(1000, 1));
      far.send(frame(1000, 2));
      await world.until(Promise.all([nearHeard.received(1), farHeard.received(1)]));
      assert.ok(near.isOpen && far.isOpen);
    },
  },
  {
    name: "a frame above maxFrameBytes ends the channel on both sides; earlier frames arrive, later ones do not",
    async run(subject) {
      const { world, near, nearHeard, farHeard } = await open(subject, 1000);
      near.send(frame(1000, 1));
      near.send(frame(1001, 2));
      near.send(frame(10, 3));
      const [sender, receiver] = await world.until(Promise.all([nearHeard.ended(), farHeard.ended()]));
      await world.settle();
      assert.equal(farHeard.frames.length, 1);
      assert.equal(receiver?.cause, "oversized");
      assert.equal(receiver.remote, false);
      assert.equal(sender?.cause, "oversized");
      assert.equal(sender.remote, true);
    },
  },
  {
    name: "bufferedBytes falls back to zero once everything was delivered",
    async run(subject) {
      const { world, near, farHeard } = await open(subject);
      assert.equal(near.bufferedBytes, 0);
      for (let i = 0; i < 100; i++) near.send(frame(10_000, i));
      await world.until(farHeard.received(100));
      await world.settle();
      assert.equal(near.bufferedBytes, 0);
    },
  },
];
