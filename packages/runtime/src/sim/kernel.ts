import { invariant } from "../errors.ts";
import { runSteps } from "./captured.ts";
import type { SimEvent } from "./sim-event.ts";
import { SimulationError } from "./failure.ts";
import { forbiddenUses } from "./forbid-globals.ts";
import type { KeyedRandom, Seed } from "./keyed-random.ts";
import { SimNetwork } from "./network.ts";
import { SimNode } from "./node.ts";
import { rejectionsGoTo, takeRejections } from "./rejections.ts";
import { Scheduler } from "./scheduler.ts";
import type { TraceEntry } from "./trace.ts";

export interface KernelOptions {
  readonly seed: Seed;
  /** A run with more events failed to come to an end. Default 50,000,000. */
  readonly maxEvents?: number;
  /** So many events without time moving on are a livelock. Default 1,000,000. */
  readonly maxEventsPerInstant?: number;
  /** Events kept of each node. Default 200. */
  readonly recentEvents?: number;
}

export interface RunOptions {
  /** Virtual time at which the run stops. Default: when nothing is left to happen. */
  readonly untilMs?: number;
  /** Stops earlier, after the event that made it true. */
  readonly until?: () => boolean;
}

/** An event that just ran, with all its microtasks. */
export interface RanEvent {
  readonly atMs: number;
  readonly seq: number;
  readonly kind: string;
  /** Empty for the harness. */
  readonly node: string;
}

/** Something planned by the harness. */
export interface Planned {
  cancel(): void;
}

/** One line of a simulated node's log. */
export interface SimLogLine {
  readonly node: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A world of machines in one process, on virtual time, that happens the same way each time it is
 * made from the same seed.
 */
export class Kernel {
  readonly seed: Seed;
  readonly network: SimNetwork;
  /** How often each probe was passed. */
  readonly probes: Map<string, number> = new Map();
  readonly #scheduler: Scheduler;
  readonly #nodes = new Map<string, SimNode>();
  readonly #afterEvent = new Set<(event: RanEvent) => void>();
  readonly #onProbe = new Set<(name: string, node: string) => void>();
  readonly #onLog = new Set<(line: SimLogLine) => void>();
  readonly #maxEvents: number;
  readonly #maxEventsPerInstant: number;
  #running = false;
  #instantEvents = 0;
  #forbiddenBefore = 0;
  #rejection: { readonly reason: unknown } | undefined;
  readonly #onRejection = (reason: unknown): void => {
    this.#rejection ??= { reason };
  };

  constructor(options: KernelOptions) {
    this.seed = options.seed;
    this.#maxEvents = options.maxEvents ?? 50_000_000;
    this.#maxEventsPerInstant = options.maxEventsPerInstant ?? 1_000_000;
    this.#scheduler = new Scheduler(options.seed, options.recentEvents ?? 200);
    this.network = new SimNetwork(this.#scheduler);
  }

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.#scheduler.nowUs / 1000;
  }

  /** Events that ran. */
  get eventCount(): number {
    return this.#scheduler.count;
  }

  /** 16 hexadecimal digits over everything that happened so far. */
  get traceHash(): string {
    return this.#scheduler.hash.digest();
  }

  /** The machine of this name, made at first use. */
  node(name: string): SimNode {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = new SimNode(this.#scheduler, this.network, name, {
        probe: (probe, at) => this.#probe(probe, at),
        log: (at, level, message, fields) => {
          for (const observer of this.#onLog) observer({ node: at, level, message, fields });
        },
      });
      this.#nodes.set(name, node);
    }
    return node;
  }

  /** Every machine, in the order they were made. */
  nodes(): SimNode[] {
    return [...this.#nodes.values()];
  }

  /** Randomness for the harness, independent of everything else. */
  random(stream: string): KeyedRandom {
    return this.#scheduler.random(`harness/${stream}`);
  }

  /** Plans something for the harness in `delayMs`. */
  after(delayMs: number, fn: () => void): Planned {
    return this.at(this.nowMs + delayMs, fn);
  }

  /** Plans something for the harness at a virtual time. */
  at(atMs: number, fn: () => void): Planned {
    const event = this.#scheduler.schedule(Math.round(atMs * 1000), "harness", "", "", 0, fn);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  /** Calls back after every event and its microtasks; what it throws fails the run. Returns how to stop. */
  onAfterEvent(fn: (event: RanEvent) => void): () => void {
    this.#afterEvent.add(fn);
    return () => this.#afterEvent.delete(fn);
  }

  /** Calls back within every probe, so that a fault can strike exactly there. Returns how to stop. */
  onProbe(fn: (name: string, node: string) => void): () => void {
    this.#onProbe.add(fn);
    return () => this.#onProbe.delete(fn);
  }

  /** Sees every log line. Returns how to stop. */
  onLog(fn: (line: SimLogLine) => void): () => void {
    this.#onLog.add(fn);
    return () => this.#onLog.delete(fn);
  }

  /** The last events of a node, oldest first; of the harness when the name is empty. */
  recent(node: string): TraceEntry[] {
    return this.#scheduler.recent(node);
  }

  /**
   * Lets the world happen.
   * @throws SimulationError when simulated code throws, rejects without a handler, uses a forbidden
   * global, or never comes to rest, and when a checker throws
   */
  async run(options: RunOptions = {}): Promise<void> {
    invariant(!this.#running, "OneRunAtATime");
    this.#running = true;
    this.#forbiddenBefore = forbiddenUses().length;
    const stopTaking = takeRejections(this.#onRejection);
    try {
      await runSteps(this.#steps(options));
    } finally {
      stopTaking();
      this.#running = false;
    }
  }

  /** Lets the world happen until a promise settles, and settles as it does. Fails after `withinMs`, by default 10 virtual minutes. */
  async until<T>(promise: Promise<T>, withinMs = 600_000): Promise<T> {
    const state = { isSettled: false };
    const settle = (): void => {
      state.isSettled = true;
    };
    promise.then(settle, settle);
    await this.run({ untilMs: this.nowMs + withinMs, until: () => state.isSettled });
    if (!state.isSettled) throw new SimulationError("the promise did not settle", this.#scheduler);
    return promise;
  }

  /** Each step judges the event before, whose microtasks are over by then, and runs the next one. */
  #steps({ untilMs, until }: RunOptions): () => boolean {
    const scheduler = this.#scheduler;
    const untilUs = untilMs === undefined ? Number.POSITIVE_INFINITY : Math.round(untilMs * 1000);
    let ran: SimEvent | undefined;
    return () => {
      if (ran === undefined) this.#checkRejection();
      else this.#afterRun(ran);
      if (until?.() === true) return false;
      const before = scheduler.nowUs;
      ran = scheduler.take(untilUs);
      if (ran === undefined) {
        if (untilMs !== undefined) scheduler.advanceTo(untilUs);
        return false;
      }
      rejectionsGoTo(this.#onRejection);
      this.#instantEvents = scheduler.nowUs === before ? this.#instantEvents + 1 : 0;
      this.#runEvent(ran);
      return true;
    };
  }

  #runEvent(event: SimEvent): void {
    this.#scheduler.current = event;
    try {
      event.run();
    } catch (error) {
      this.#scheduler.record(event);
      throw this.#failure("simulated code threw", error);
    } finally {
      this.#scheduler.current = undefined;
    }
  }

  #afterRun(event: SimEvent): void {
    const scheduler = this.#scheduler;
    scheduler.record(event);
    this.#checkRejection();
    const forbidden = forbiddenUses()[this.#forbiddenBefore];
    if (forbidden !== undefined) throw this.#failure("simulated code left the simulation", forbidden);
    if (scheduler.count > this.#maxEvents) throw this.#failure(`more than ${this.#maxEvents} events`);
    if (this.#instantEvents > this.#maxEventsPerInstant) throw this.#failure("time stands still");
    if (this.#afterEvent.size === 0) return;
    const ran: RanEvent = {
      atMs: scheduler.nowUs / 1000,
      seq: event.seq,
      kind: event.kind,
      node: event.node,
    };
    try {
      for (const check of this.#afterEvent) check(ran);
    } catch (error) {
      throw this.#failure("a check failed", error);
    }
  }

  #probe(name: string, node: string): void {
    this.probes.set(name, (this.probes.get(name) ?? 0) + 1);
    for (const observer of this.#onProbe) observer(name, node);
  }

  #checkRejection(): void {
    if (this.#rejection === undefined) return;
    const { reason } = this.#rejection;
    this.#rejection = undefined;
    throw this.#failure("a rejection was not handled", reason);
  }

  #failure(message: string, cause?: unknown): SimulationError {
    return new SimulationError(message, this.#scheduler, cause);
  }
}
