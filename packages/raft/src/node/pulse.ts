import type { Raft } from "../core/raft.ts";
import type { Peers } from "../transport/peers.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import type { Handover } from "./handover.ts";
import type { Settings } from "./settings.ts";
import type { Snapshots } from "./snapshots.ts";
import { StallWatch } from "./stall-watch.ts";
import { Ticker } from "./ticker.ts";

/** Whatever goes by ticks. */
export interface PulseOptions {
  readonly settings: Pick<Settings, "host" | "heartbeatMs" | "electionTimeoutMs">;
  readonly core: Pick<Raft, "role" | "quietTicks" | "isSteady" | "nextDeadlineMs">;
  readonly handover: Pick<Handover, "makeWay">;
  readonly snapshots: Pick<Snapshots, "tick" | "needsTicks">;
  readonly peers: Pick<Peers, "maintain" | "needsCare">;
  /** Runs it, and stops the node when it throws. */
  readonly guard: (run: () => void) => void;
  /** Ticks for the core. */
  readonly onTicks: (count: number) => void;
  /** The core's deadline has come. */
  readonly onWake: () => void;
}

/** The rhythm of a node: ticks and deadlines for the core, and what else is done at their pace. */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #ticker: Ticker;
  readonly #stalls: StallWatch;
  readonly #wake: DeadlineTimer;

  constructor(options: PulseOptions) {
    const { settings, core, snapshots, peers, guard } = options;
    const { clock } = settings.host;
    this.#options = options;
    this.#ticker = new Ticker({
      clock,
      intervalMs: settings.heartbeatMs,
      quiet: () => (snapshots.needsTicks ? 0 : core.quietTicks()),
      steady: () => core.isSteady() && !peers.needsCare(clock.now()),
      onTicks: (count, lateMs) => guard(() => this.#beat(count, lateMs)),
    });
    this.#stalls = new StallWatch(settings.electionTimeoutMs, clock.now());
    this.#wake = new DeadlineTimer(clock, options.onWake);
  }

  start(): void {
    this.#ticker.start();
  }

  stop(): void {
    this.#ticker.stop();
    this.#wake.cancel();
  }

  /** How many ticks the core has to count before it takes up anything else. */
  takeQuiet(nowMs: number): number {
    return this.#ticker.takeQuiet(nowMs);
  }

  endTurn(nowMs: number): void {
    this.setWake();
    this.#ticker.hasten();
    this.#options.peers.maintain(nowMs);
  }

  /** To be called when the core's deadline may have moved. */
  setWake(): void {
    this.#wake.set(this.#options.core.nextDeadlineMs());
  }

  #beat(count: number, lateMs: number): void {
    const { settings, core, handover, snapshots, peers, onTicks } = this.#options;
    const nowMs = settings.host.clock.now();
    const leads = core.role === "leader";
    if (this.#stalls.ticked(nowMs, lateMs) && leads) handover.makeWay();
    snapshots.tick();
    // A turn does it first, if there is one: what it sends wakes the peers once.
    peers.maintain(nowMs, 2 * settings.heartbeatMs);
    if (count > 0) onTicks(count);
  }
}
