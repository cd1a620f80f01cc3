import { memoryChannelPair } from "@flotilla/runtime";
import type { ChannelEnd } from "@flotilla/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FramePort, frameHandler } from "../../src/ports/frame-port.ts";
import { Inbox } from "../../src/ports/inbox.ts";
import { LocalPort } from "../../src/ports/local-port.ts";
import type { Port, PortHandler } from "../../src/ports/port.ts";

interface Side {
  readonly port: Port<number>;
  readonly handle: (handler: PortHandler<number>) => void;
}

/** A defer that runs one turn when told to. */
class Turns {
  #calls: (() => void)[] = [];

  readonly defer = (fn: () => void): void => void this.#calls.push(fn);

  get isIdle(): boolean {
    return this.#calls.length === 0;
  }

  run(): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call();
  }
}

function localPair({ defer }: Turns): [LocalPort<number, number>, LocalPort<number, number>] {
  const toNear = new Inbox<number>(defer, () => 1);
  const toFar = new Inbox<number>(defer, () => 1);
  return [new LocalPort(toNear, toFar), new LocalPort(toFar, toNear)];
}

function localSides(turns: Turns): [Side, Side] {
  const [near, far] = localPair(turns);
  return [
    { port: near, handle: (handler) => near.handle(handler) },
    { port: far, handle: (handler) => far.handle(handler) },
  ];
}

function channelSides({ defer }: Turns): [Side, Side] {
  const pair = memoryChannelPair(defer, { protocol: "test-1", maxFrameBytes: 10 });
  const side = (at: 0 | 1): Side => ({
    port: new FramePort(pair[at], (message: number) => Uint8Array.of(message)),
    handle: (handler) => pair[at].handle(frameHandler(handler, (frame) => frame[0] ?? 0)),
  });
  return [side(0), side(1)];
}

type Step =
  | { readonly type: "send" | "close"; readonly side: 0 | 1; readonly message: number }
  | { readonly type: "handle"; readonly side: 0 | 1 }
  | { readonly type: "turn" };

const side = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant("send" as const), side, message: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("close" as const), side, message: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("handle" as const), side }) },
  { weight: 4, arbitrary: fc.constant<Step>({ type: "turn" }) },
);

/** Everything both sides heard, with the turns between. Some messages are answered, some make their hearer close. */
function play(make: (turns: Turns) => [Side, Side], steps: readonly Step[]): string[] {
  const turns = new Turns();
  const sides = make(turns);
  const log: string[] = [];
  const hearer = (at: 0 | 1): PortHandler<number> => ({
    message: (message) => {
      log.push(`${at} hears ${message}, ${sides[at].port.bufferedBytes} behind it`);
      if (message % 7 === 0) sides[at].port.close(`enough of ${message}`);
      else if (message % 3 === 0) sides[at].port.send(message + 1);
    },
    garbled: () => log.push(`${at} garbled`),
    end: ({ cause, remote, reason }: ChannelEnd) => log.push(`${at} ends ${cause} ${remote} ${reason}`),
  });
  for (const next of steps) {
    if (next.type === "send") sides[next.side].port.send(next.message);
    else if (next.type === "close") sides[next.side].port.close(`bye ${next.message}`);
    else if (next.type === "handle") sides[next.side].handle(hearer(next.side));
    else turns.run();
    log.push(`${sides[0].port.bufferedBytes} ${sides[1].port.bufferedBytes}`);
  }
  for (const at of [0, 1] as const) sides[at].handle(hearer(at));
  while (!turns.isIdle) {
    turns.run();
    log.push("turn");
  }
  return log;
}

describe("local ports", () => {
  test("hand over the same messages and ends, in the same turns, as a channel within the process", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        expect(play(localSides, steps)).toEqual(play(channelSides, steps));
      }),
      { numRuns: 1_000 },
    );
  });

  test("are quiet only when nothing is under way in either direction, to the end of the last handler", () => {
    const turns = new Turns();
    const [near, far] = localPair(turns);
    const heard: boolean[] = [];
    const noted: PortHandler<number> = {
      message: () => heard.push(near.isQuiet, far.isQuiet),
      garbled: () => {},
      end: () => {},
    };
    near.handle(noted);
    far.handle(noted);
    expect(near.isQuiet).toBe(true);
    near.send(1);
    expect([near.isQuiet, far.isQuiet]).toEqual([false, false]);
    turns.run();
    expect([near.isQuiet, far.isQuiet]).toEqual([true, true]);
    far.send(2);
    expect([near.isQuiet, far.isQuiet]).toEqual([false, false]);
    turns.run();
    far.close();
    expect([near.isQuiet, far.isQuiet]).toEqual([false, false]);
    turns.run();
    expect([near.isQuiet, far.isQuiet]).toEqual([false, false]);
    expect(heard).toEqual([false, false, false, false]);
  });

  test("count what a message keeps alive until it is heard", () => {
    const turns = new Turns();
    const inbox = new Inbox<number>(turns.defer, (size) => size);
    const port = new LocalPort<number, number>(new Inbox<number>(turns.defer, () => 0), inbox);
    inbox.handle({ message: () => {}, garbled: () => {}, end: () => {} });
    port.send(10);
    port.send(5);
    expect(port.bufferedBytes).toBe(15);
    turns.run();
    expect(port.bufferedBytes).toBe(0);
  });
});
