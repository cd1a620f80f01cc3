import type { Socket } from "node:net";

/** How bytes travel one way. */
export interface Flow {
  /** Nothing arrives; connections stay. What was under way arrives once it flows again. Default false. */
  readonly cut?: boolean;
  /** Default 0. */
  readonly delayMs?: number;
  /** Default: no bound. */
  readonly bytesPerSecond?: number;
}

/** Bytes that may wait in a lane, or at its far end, before the near one is held up, as TCP does. */
const maxWaitingBytes = 1 << 20;

/** One direction of a connection: takes from one socket and gives to the other, in order. */
export class TcpLane {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #onBroken: () => void;
  readonly #queue: { readonly dueMs: number; readonly bytes: Buffer }[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #flow: Flow;
  #timer: NodeJS.Timeout | undefined;
  #isBreaking = false;
  #isDiscarding = false;

  /** @param onBroken is called when half of what came last was passed on after `breakOff` */
  constructor(source: Socket, sink: Socket, flow: Flow, onBroken: () => void) {
    this.#source = source;
    this.#sink = sink;
    this.#flow = flow;
    this.#onBroken = onBroken;
    source.on("data", (bytes) => this.#take(bytes));
    sink.on("drain", () => this.#regulate());
    source.once("close", () => clearTimeout(this.#timer));
    this.#regulate();
  }

  /** From now on; what waits keeps its time. */
  set(flow: Flow): void {
    this.#flow = flow;
    this.#pump();
  }

  /** Passes half of the next bytes on, then ends, most likely in the middle of a frame. */
  breakOff(): void {
    this.#isBreaking = true;
  }

  /** Takes everything from now on, and gives nothing of it to anybody. */
  discard(): void {
    this.#isDiscarding = true;
    clearTimeout(this.#timer);
    this.#source.resume();
  }

  #take(bytes: Buffer): void {
    if (this.#isDiscarding) return;
    if (this.#isBreaking) {
      this.#source.pause();
      this.#sink.write(bytes.subarray(0, bytes.length >> 1), () => this.#onBroken());
      return;
    }
    const { delayMs = 0, bytesPerSecond } = this.#flow;
    const spanMs = bytesPerSecond === undefined ? 0 : (bytes.length / bytesPerSecond) * 1_000;
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + delayMs) + spanMs;
    this.#queue.push({ dueMs: this.#lastDueMs, bytes });
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next !== undefined && this.#flow.cut !== true; next = this.#queue[0]) {
      const leftMs = next.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), leftMs);
        break;
      }
      this.#queue.shift();
      this.#queuedBytes -= next.bytes.length;
      this.#sink.write(next.bytes);
    }
    this.#regulate();
  }

  #regulate(): void {
    const waits = Math.max(this.#queuedBytes, this.#sink.writableLength);
    if (this.#flow.cut === true || waits > maxWaitingBytes) this.#source.pause();
    else this.#source.resume();
  }
}
