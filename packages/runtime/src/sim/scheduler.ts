import { Heap } from "../heap.ts";
import { isBefore, type SimEvent } from "./sim-event.ts";
import type { KeyedRandom, KeyedStream, Seed } from "./keyed-random.ts";
import { keyedRandom, keyedStream } from "./keyed-random.ts";
import type { TraceEntry } from "./trace.ts";
import { TraceHash, TraceRing } from "./trace.ts";

/** Sorts behind every ordinary tie. As an integer of 32 bits with a sign it takes no memory of its own in an event. */
const lateTie = 0x7fff_ffff;

/** Virtual time, the order of events, and the trace of a run. */
export class Scheduler {
  readonly seed: Seed;
  readonly hash: TraceHash = new TraceHash();
  /** The event that is running. */
  current: SimEvent | undefined;
  /** Events that ran. */
  count = 0;
  #nowUs = 0;
  #seq = 0;
  readonly #queue = new Heap<SimEvent>(isBefore);
  readonly #ties: KeyedStream;
  readonly #rings = new Map<string, TraceRing>();
  readonly #ringCapacity: number;

  constructor(seed: Seed, ringCapacity: number) {
    this.seed = seed;
    this.#ties = keyedStream(seed, "tie");
    this.#ringCapacity = ringCapacity;
  }

  /** Integer virtual microseconds. */
  get nowUs(): number {
    return this.#nowUs;
  }

  random(stream: string): KeyedRandom {
    return keyedRandom(this.seed, stream);
  }

  /**
   * Adds an event. The past counts as now. Events of one microsecond run in an order drawn from the
   * seed; `late` ones run behind all others.
   * @throws RangeError for a time that is none, which would be the world's for ever
   */
  schedule(
    atUs: number,
    kind: string,
    node: string,
    about: string,
    size: number,
    run: () => void,
    late = false,
  ): SimEvent {
    if (Number.isNaN(atUs)) throw new RangeError(`${kind}: expected a time, got NaN`);
    this.#seq += 1;
    const seq = this.#seq;
    const event: SimEvent = {
      atUs: Math.max(this.#nowUs, Math.ceil(atUs)),
      tie: late ? lateTie : Math.min(this.#ties.at(seq) >>> 1, lateTie - 1),
      seq,
      node,
      kind,
      about,
      size,
      cancelled: false,
      run,
    };
    this.#queue.push(event);
    return event;
  }

  /** Takes the next event that is due by `untilUs`, and moves time to it. */
  take(untilUs: number): SimEvent | undefined {
    for (;;) {
      const next = this.#queue.first;
      if (next === undefined || next.atUs > untilUs) return undefined;
      this.#queue.shift();
      if (!next.cancelled) {
        this.#nowUs = next.atUs;
        return next;
      }
    }
  }

  /** Moves time forward where nothing happens. */
  advanceTo(untilUs: number): void {
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  /** Adds an event that ran to the trace. */
  record(event: SimEvent): void {
    this.count += 1;
    this.hash.word(event.atUs >>> 0);
    this.hash.word(Math.floor(event.atUs / 0x1_0000_0000));
    this.hash.word(event.seq);
    this.hash.text(event.kind);
    this.hash.text(event.node);
    this.note(event.node, event.kind, event.about, event.size, event.seq);
  }

  /** Adds a line to a node's recent history, not to the hash. */
  note(node: string, kind: string, about: string, size: number, seq: number = this.#seq): void {
    let ring = this.#rings.get(node);
    if (ring === undefined) {
      ring = new TraceRing(this.#ringCapacity);
      this.#rings.set(node, ring);
    }
    ring.push(this.#nowUs, seq, kind, about, size);
  }

  /** The last entries of a node, oldest first. */
  recent(node: string): TraceEntry[] {
    return this.#rings.get(node)?.list() ?? [];
  }

  /** Nodes with a history, sorted. */
  traced(): string[] {
    return [...this.#rings.keys()].toSorted();
  }
}
