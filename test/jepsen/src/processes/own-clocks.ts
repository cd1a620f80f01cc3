import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { buildPreload } from "./preload.ts";

const source = resolve(import.meta.dirname, "../../native/own-clocks.c");

const variable = "OWN_CLOCKS";

/** Begins after whoever reads has seen it. */
const leadNs = 20_000_000n;

/** A stretch of time at one rate: at `fromNs` of the machine's monotonic clock the process is shown `shownNs`. */
interface Span {
  readonly fromNs: bigint;
  readonly shownNs: bigint;
  readonly rate: number;
}

const spanBytes = 24;
const firstSpanAt = 16;

/** Preloaded into a process, it gives that clocks of its own, which a test sets while it runs. Over all its lives. */
export class OwnClocks {
  readonly #library: string;
  readonly #path: string;
  #wallOffsetMs = 0;
  #current = 0;
  #span: Span = { fromNs: 0n, shownNs: 0n, rate: 1 };

  private constructor(library: string, path: string) {
    this.#library = library;
    this.#path = path;
    const bytes = Buffer.alloc(firstSpanAt + 2 * spanBytes);
    for (const slot of [0, 1]) bytesOf(this.#span).copy(bytes, firstSpanAt + slot * spanBytes);
    writeFileSync(path, bytes);
  }

  /** Compiles the library into `folder`. @throws Error with what the compiler said */
  static build(folder: string): OwnClocks {
    return new OwnClocks(buildPreload(source, folder), join(folder, "clocks"));
  }

  env(): Record<string, string> {
    return { LD_PRELOAD: this.#library, [variable]: this.#path };
  }

  /** Wall time jumps, forwards or back. Monotonic time does not notice. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.#wallOffsetMs) * 1_000_000n);
    this.#write(bytes, 0);
  }

  /** All time soon passes at this rate, without a leap; 1 is the machine's own. One call at a time. */
  async run(rate: number): Promise<void> {
    const { fromNs, shownNs, rate: before } = this.#span;
    // The span in force must not be written over.
    while (process.hrtime.bigint() < fromNs) await pause(1);
    const startNs = process.hrtime.bigint() + leadNs;
    const passedNs = BigInt(Math.floor(Number(startNs - fromNs) * before));
    this.#span = { fromNs: startNs, shownNs: shownNs + passedNs, rate };
    this.#current = 1 - this.#current;
    this.#write(bytesOf(this.#span), firstSpanAt + this.#current * spanBytes);
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.#current));
    this.#write(bytes, 8);
  }

  #write(bytes: Buffer, position: number): void {
    const fd = openSync(this.#path, "r+");
    try {
      writeSync(fd, bytes, 0, bytes.length, position);
    } finally {
      closeSync(fd);
    }
  }
}

function spanIn(bytes: Buffer, slot: number): Span {
  const at = firstSpanAt + slot * spanBytes;
  return {
    fromNs: bytes.readBigInt64LE(at),
    shownNs: bytes.readBigInt64LE(at + 8),
    rate: bytes.readDoubleLE(at + 16),
  };
}

/** The machine's monotonic clock, also in a process that is shown another one, ns. */
export function trueNs(): bigint {
  const shown = process.hrtime.bigint();
  const path = process.env[variable];
  if (path === undefined) return shown;
  const bytes = readFileSync(path);
  const slot = Number(bytes.readBigInt64LE(8));
  const latest = spanIn(bytes, slot);
  const { fromNs, shownNs, rate } = shown >= latest.shownNs ? latest : spanIn(bytes, 1 - slot);
  return fromNs + BigInt(Math.floor(Number(shown - shownNs) / rate));
}

function bytesOf({ fromNs, shownNs, rate }: Span): Buffer {
  const bytes = Buffer.alloc(spanBytes);
  bytes.writeBigInt64LE(fromNs, 0);
  bytes.writeBigInt64LE(shownNs, 8);
  bytes.writeDoubleLE(rate, 16);
  return bytes;
}
