import { invariant } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Logger, LogMethod } from "../logger.ts";
import { SimDisk } from "./disk.ts";
import { hostNetwork } from "./host-network.ts";
import { Life } from "./life.ts";
import { MachineClock } from "./machine-clock.ts";
import { simProber } from "./prober.ts";
import { simResolver } from "./resolver.ts";
import type { SimNetwork } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a machine tells the kernel. */
export interface NodeEvents {
  readonly probe: (name: string, node: string) => void;
  readonly log: (
    node: string,
    level: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ) => void;
}

export interface CrashOptions {
  /** The power is gone too: no socket is closed and nothing answers until `powerOn` or `start`. Default false. */
  readonly powerOff?: boolean;
}

/** A machine: a name, a disk, clocks, and one process at a time. */
export class SimNode {
  readonly name: string;
  readonly disk: SimDisk;
  readonly clock: MachineClock;
  readonly #scheduler: Scheduler;
  readonly #network: SimNetwork;
  readonly #events: NodeEvents;
  #life: Life | undefined;
  #incarnation = 0;
  #serviceUs = 0;
  #isPaused = false;

  constructor(scheduler: Scheduler, network: SimNetwork, name: string, events: NodeEvents) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#network = network;
    this.#events = events;
    this.disk = new SimDisk(scheduler, name);
    this.clock = new MachineClock(scheduler);
    network.machine(name);
  }

  /** True while its process exists, paused or not. */
  get isRunning(): boolean {
    return this.#life?.alive === true;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Timers that its process has set. */
  get timers(): number {
    return this.#life?.alive === true ? this.#life.timers : 0;
  }

  /** How often it was started. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Starts a process. The one before must be gone. */
  start(): Host {
    invariant(!this.isRunning, "OneProcessPerNode", { node: this.name });
    this.powerOn();
    this.#incarnation += 1;
    const life = new Life(this.#scheduler, this.clock, this.name, this.#incarnation);
    life.setServiceUs(this.#serviceUs);
    this.#life = life;
    this.#isPaused = false;
    this.#scheduler.note(this.name, "start", `life ${this.#incarnation}`, 0);
    return {
      clock: life.clock,
      random: this.#scheduler.random(`random/${this.name}/${this.#incarnation}`),
      network: hostNetwork(this.#network, life),
      resolver: simResolver,
      prober: simProber,
      disk: this.disk.host(life),
      logger: this.#logger(life),
      probe: (name) => {
        if (life.alive) this.#events.probe(name, this.name);
      },
    };
  }

  /**
   * Kills the process at once, with what it had not synced. Its sockets are closed by the system,
   * which the other sides hear after a latency; those that a cut keeps from hearing hear nothing
   * until they send after it.
   */
  crash(options: CrashOptions = {}): void {
    this.#end(true, options.powerOff === true);
    if (options.powerOff === true) this.#network.machine(this.name).powered = false;
  }

  /** Ends the process, as `exit` does: unsynced writes stay in the system's cache. */
  stop(): void {
    this.#end(false, false);
  }

  /** Ends a power loss without starting a process: the machine refuses what reaches it. */
  powerOn(): void {
    this.#network.machine(this.name).powered = true;
  }

  /** Stops the process as SIGSTOP does: no code runs, time passes. */
  pause(): void {
    this.#scheduler.note(this.name, "pause", "", 0);
    this.#isPaused = true;
    this.#life?.pause();
  }

  /** Ends `pause`: overdue timers run first, then what arrived meanwhile, then deferred calls. */
  resume(): void {
    this.#scheduler.note(this.name, "resume", "", 0);
    this.#isPaused = false;
    this.#life?.resume();
  }

  /** Blocks the event loop for a while, from the end of the present callback. */
  stall(forMs: number): void {
    this.#scheduler.note(this.name, "stall", `${forMs} ms`, 0);
    this.#life?.stall(Math.ceil(forMs * 1000));
  }

  /** A slow processor: every callback takes this long. Default 0. Lasts over restarts. */
  setServiceTime(perCallbackMs: number): void {
    this.#serviceUs = Math.ceil(perCallbackMs * 1000);
    this.#life?.setServiceUs(this.#serviceUs);
  }

  #end(isPowerLoss: boolean, isSilent: boolean): void {
    const life = this.#life;
    if (life === undefined || !life.alive) return;
    this.#scheduler.note(this.name, isPowerLoss ? "crash" : "stop", `life ${life.incarnation}`, 0);
    life.end();
    this.#isPaused = false;
    this.#network.processDied(life, isSilent);
    this.disk.lifeEnded(isPowerLoss);
  }

  #logger(life: Life): Logger {
    const level =
      (name: string): LogMethod =>
      (fields, message) => {
        if (!life.alive) return;
        this.#scheduler.note(this.name, `log.${name}`, message, 0);
        this.#events.log(this.name, name, message, fields);
      };
    return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") };
  }
}
