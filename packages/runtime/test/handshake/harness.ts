import type {
  Channel,
  ChannelEnd,
  Clock,
  FlotillaError,
  HandshakeOptions,
  HandshakePeer,
  Random,
} from "@flotilla/runtime";
import { acceptHandshake, dialHandshake, memoryChannelPair } from "@flotilla/runtime";

/** A clock whose time moves when told to, and whose deferred calls run when told to. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { readonly dueMs: number; readonly fn: () => void }[] = [];
  readonly #calls: (() => void)[] = [];

  get pendingTimers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now;
  }

  setTimer(delayMs: number, fn: () => void): { cancel(): void } {
    const timer = { dueMs: this.#now + delayMs, fn };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }

  defer(fn: () => void): void {
    this.#calls.push(fn);
  }

  /** Runs what is deferred until nothing is left. */
  run(): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call();
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.dueMs > this.#now);
    for (const timer of due) timer.fn();
    this.run();
  }
}

/** Different bytes at each draw. */
function countingRandom(start: number): Random {
  let count = start;
  return {
    u32: () => count++,
    below: (limit) => count++ % limit,
    float: () => 0.5,
    bytes: (length) => new Uint8Array(length).fill(count++),
  };
}

/** One side's outcome, and what it heard after the handshake. */
export interface SideLog {
  readonly heard: string[];
  peer: HandshakePeer | undefined;
  error: FlotillaError | undefined;
  settled: boolean;
}

export type SideOptions = Partial<Omit<HandshakeOptions, "clock" | "random" | "onReady">> & {
  readonly onReady?: (peer: HandshakePeer, channel: Channel) => void;
};

function describeEnd(end: ChannelEnd): string {
  return `end ${end.cause}`;
}

/** Runs one side over its channel and keeps a log. */
export function runSide(
  run: typeof dialHandshake,
  channel: Channel,
  clock: ManualClock,
  options: SideOptions,
  seed: number,
): SideLog {
  const log: SideLog = { heard: [], peer: undefined, error: undefined, settled: false };
  const outcome = run(channel, {
    cluster: "main",
    versions: { min: 1, max: 1 },
    identity: [run.name],
    ...options,
    clock,
    random: countingRandom(seed),
    onReady: (peer) => {
      log.heard.push("ready");
      options.onReady?.(peer, channel);
      return {
        message: (frame) => log.heard.push(new TextDecoder().decode(frame)),
        end: (end) => log.heard.push(describeEnd(end)),
      };
    },
  });
  void outcome.then(
    (peer) => {
      log.peer = peer;
      log.settled = true;
    },
    (error: FlotillaError) => {
      log.error = error;
      log.settled = true;
    },
  );
  return log;
}

export interface World {
  readonly clock: ManualClock;
  readonly near: Channel;
  readonly far: Channel;
}

/** A channel of two sides on a manual clock. */
export function connect(): World {
  const clock = new ManualClock();
  const [near, far] = memoryChannelPair((fn) => clock.defer(fn), {
    protocol: "test-1",
    maxFrameBytes: 1_000_000,
  });
  return { clock, near, far };
}

/** Both sides, run to their end. */
export async function shakeHands(
  dialer: SideOptions,
  acceptor: SideOptions,
): Promise<World & { dialed: SideLog; accepted: SideLog }> {
  const world = connect();
  const accepted = runSide(acceptHandshake, world.far, world.clock, acceptor, 100);
  const dialed = runSide(dialHandshake, world.near, world.clock, dialer, 1);
  world.clock.run();
  await settled();
  return { ...world, dialed, accepted };
}

/** Lets promise reactions run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
