import type { KeyedRandom } from "./keyed-random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How long a link takes: at least `minMs`, and exponentially distributed above, `meanMs` on average. */
export interface Latency {
  readonly minMs: number;
  readonly meanMs: number;
}

/** Faults of single messages; each a probability. */
export interface MessageFaults {
  readonly drop: number;
  readonly repeat: number;
  /** Delivered late, behind what was sent after it. */
  readonly reorder: number;
}

/** What all links share unless one says otherwise. */
export interface LinkDefaults {
  latency: Latency;
  bytesPerMs: number;
  /** For protocols that begin with `flotilla-peer`. */
  peerFaults: MessageFaults;
  datagramFaults: MessageFaults;
}

/** No fault at all. */
export const noMessageFaults: MessageFaults = { drop: 0, repeat: 0, reorder: 0 };

/** The way from one machine to another. The way back is another link. */
export class SimLink {
  readonly from: string;
  readonly to: string;
  /** Overrides the network's latency. */
  latency: Latency | undefined;
  /** Added to every delivery, ms. */
  extraMs = 0;
  /** Overrides the network's throughput. */
  bytesPerMs: number | undefined;
  /** Overrides the network's faults for `flotilla-peer` protocols. */
  peerFaults: MessageFaults | undefined;
  /** Overrides the network's faults for datagrams. */
  datagramFaults: MessageFaults | undefined;
  readonly random: KeyedRandom;
  readonly #scheduler: Scheduler;
  readonly #defaults: LinkDefaults;
  readonly #waiting = new Set<() => void>();
  #cut = false;
  #freeAtUs = 0;

  constructor(scheduler: Scheduler, defaults: LinkDefaults, from: string, to: string) {
    this.#scheduler = scheduler;
    this.#defaults = defaults;
    this.from = from;
    this.to = to;
    this.random = scheduler.random(`link/${from}>${to}`);
  }

  /** True while nothing passes. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Stops everything on this link, also what is under way. */
  cut(): void {
    this.#cut = true;
  }

  /** Lets streams go on where they stopped. */
  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const go of waiting) go();
  }

  /** Calls back once when the link heals. */
  whenHealed(go: () => void): void {
    this.#waiting.add(go);
  }

  get datagrams(): MessageFaults {
    return this.datagramFaults ?? this.#defaults.datagramFaults;
  }

  get peers(): MessageFaults {
    return this.peerFaults ?? this.#defaults.peerFaults;
  }

  /** How long bytes take to pass, one after the other. */
  passageUs(bytes: number): number {
    const perMs = this.bytesPerMs ?? this.#defaults.bytesPerMs;
    return Math.ceil((bytes / perMs) * 1000);
  }

  /** Draws the virtual time at which bytes that leave now have arrived. */
  arrivalUs(bytes: number): number {
    const start = Math.max(this.#scheduler.nowUs, this.#freeAtUs);
    this.#freeAtUs = start + this.passageUs(bytes);
    return this.#freeAtUs + this.delayUs();
  }

  /** Draws one latency, in microseconds. */
  delayUs(): number {
    const { minMs, meanMs } = this.latency ?? this.#defaults.latency;
    const spreadMs = Math.max(0, meanMs - minMs);
    const drawn = minMs - Math.log(1 - this.random.float()) * spreadMs;
    return Math.ceil((drawn + this.extraMs) * 1000);
  }
}
