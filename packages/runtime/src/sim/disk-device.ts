import type { Latency } from "./link.ts";
import type { KeyedRandom } from "./keyed-random.ts";
import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";
import { FlotillaError } from "../errors.ts";

/** What a call costs: a look into memory, a write into the system's cache, or a wait for the device. */
export type DiskCost = "read" | "write" | "sync";

/** Where a write stands: under way, or safe. */
export type WriteStage = "begin" | "durable";

/** One call to a disk. */
export interface DiskCall<T> {
  /** For the trace. */
  readonly kind: string;
  /** The store or file; calls on one keep their order. */
  readonly about: string;
  readonly cost: DiskCost;
  readonly bytes: number;
  /** Runs when the device has done it; may throw. */
  readonly effect: () => T;
  /** Runs instead when the device fails it. */
  readonly failed?: (() => void) | undefined;
}

/** The device under a machine's disk: how long it takes and how it fails. */
export class DiskDevice {
  /** Added to every sync, ms. */
  slowMs = 0;
  /** Writes and opening fail for lack of space. */
  isFull = false;
  syncLatency: Latency = { minMs: 0.2, meanMs: 1 };
  readonly random: KeyedRandom;
  readonly #scheduler: Scheduler;
  readonly #node: string;
  readonly #busyUntilUs = new Map<string, number>();
  readonly #parked: (() => void)[] = [];
  readonly #failNext: DiskCost[] = [];
  readonly #observers = new Set<(stage: WriteStage, about: string) => void>();
  #stuck = false;
  /** Since when the first of those parked waits, virtual µs. */
  #parkedSinceUs: number | null = null;

  constructor(scheduler: Scheduler, node: string) {
    this.#scheduler = scheduler;
    this.#node = node;
    this.random = scheduler.random(`disk/${node}`);
  }

  /** Nothing that writes completes until `unstick`. */
  stick(): void {
    this.#stuck = true;
  }

  /** Lets what waits complete, in order. */
  unstick(): void {
    this.#stuck = false;
    this.#parkedSinceUs = null;
    for (const go of this.#parked.splice(0)) go();
  }

  /** For how long something waits for `unstick`, virtual ms; 0 while nothing does. */
  get stuckForMs(): number {
    return this.#parkedSinceUs === null ? 0 : (this.#scheduler.nowUs - this.#parkedSinceUs) / 1000;
  }

  /** Makes the next call of this cost fail. */
  failNext(cost: "write" | "sync"): void {
    this.#failNext.push(cost);
  }

  /** Sees every synced write begin and become durable. Returns how to stop. */
  onWrite(observer: (stage: WriteStage, about: string) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Forgets what a process that is gone waited for. */
  forgetCalls(): void {
    this.#parked.length = 0;
    this.#parkedSinceUs = null;
    this.#busyUntilUs.clear();
  }

  /** Runs a call for a process. Never settles once its life is over. */
  perform<T>(life: Life, call: DiskCall<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!life.alive) return;
      if (call.cost === "sync") this.#observe("begin", call.about);
      this.#schedule(life, call, resolve, reject);
    });
  }

  #schedule<T>(
    life: Life,
    call: DiskCall<T>,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
  ): void {
    const atUs = Math.max(this.#scheduler.nowUs + this.#drawUs(call), this.#busyUntilUs.get(call.about) ?? 0);
    this.#busyUntilUs.set(call.about, atUs);
    this.#scheduler.schedule(atUs, call.kind, this.#node, call.about, call.bytes, () => {
      if (!life.alive) return;
      if (this.#stuck && call.cost !== "read") {
        this.#parkedSinceUs ??= this.#scheduler.nowUs;
        this.#parked.push(() => this.#schedule(life, call, resolve, reject));
        return;
      }
      this.#finish(life, call, resolve, reject);
    });
  }

  #finish<T>(
    life: Life,
    call: DiskCall<T>,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
  ): void {
    let settle: () => void;
    try {
      this.#mayFail(call);
      const value = call.effect();
      if (call.cost === "sync") this.#observe("durable", call.about);
      settle = () => resolve(value);
    } catch (error) {
      settle = () => reject(error);
    }
    life.deliver(call.kind, call.about, call.bytes, settle);
  }

  #mayFail(call: DiskCall<unknown>): void {
    if (call.cost === "read") return;
    const at = this.#failNext.findIndex((cost) => cost === call.cost || cost === "write");
    if (at < 0 && !this.isFull) return;
    if (at >= 0) this.#failNext.splice(at, 1);
    call.failed?.();
    const why = at < 0 ? "no space left on device" : "input/output error";
    const details = { reason: at < 0 ? "ENOSPC" : "EIO" };
    throw new FlotillaError("ERR_FLOTILLA_STORAGE", `${call.kind} ${call.about}: ${why}`, { details });
  }

  #drawUs(call: DiskCall<unknown>): number {
    if (call.cost !== "sync") return Math.ceil(20 - Math.log(1 - this.random.float()) * 30);
    const { minMs, meanMs } = this.syncLatency;
    const drawnMs = minMs - Math.log(1 - this.random.float()) * Math.max(0, meanMs - minMs);
    return Math.ceil((drawnMs + this.slowMs) * 1000 + call.bytes / 500);
  }

  #observe(stage: WriteStage, about: string): void {
    for (const observer of this.#observers) observer(stage, about);
  }
}
