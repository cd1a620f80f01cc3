/** Writes ZooKeeper's record format: big-endian numbers, length-prefixed buffers and strings. */
export class JuteWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(capacity: number = 128) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  int(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
    return this;
  }

  long(value: bigint): this {
    this.#room(8);
    this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
    return this;
  }

  bool(value: boolean): this {
    this.#room(1);
    this.#at = this.#buffer.writeUInt8(value ? 1 : 0, this.#at);
    return this;
  }

  /** Null is written as length −1. */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.int(-1);
    this.int(value.length);
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.int(length);
    this.#room(length);
    this.#at += this.#buffer.write(value, this.#at);
    return this;
  }

  /** Everything written, after its length as an int: one packet. */
  packet(): Buffer {
    const out = Buffer.allocUnsafe(this.#at + 4);
    out.writeInt32BE(this.#at);
    this.#buffer.copy(out, 4, 0, this.#at);
    return out;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}

/** Takes whole length-prefixed packets out of a byte stream. */
export class PacketSplitter {
  readonly #onPacket: (packet: Buffer) => void;
  #rest: Buffer | null = null;

  constructor(onPacket: (packet: Buffer) => void) {
    this.#onPacket = onPacket;
  }

  /** Adds bytes as they came; calls back for every packet they complete, without its length. */
  push(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readInt32BE(at);
      if (bytes.length - at - 4 < length) break;
      this.#onPacket(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
  }
}
