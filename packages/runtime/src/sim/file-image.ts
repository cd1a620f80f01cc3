import { copyOf } from "./copy-of.ts";
import type { KeyedRandom } from "./keyed-random.ts";

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes that grow. */
class Content {
  #bytes: Uint8Array;
  #length: number;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes = new Uint8Array(bytes);
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  write({ offset, bytes }: Piece): void {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, offset);
    this.#length = Math.max(this.#length, end);
  }

  copy(from: number = 0, to: number = this.#length): Uint8Array {
    return this.#bytes.slice(from, Math.min(to, this.#length));
  }
}

/** The content of one file: as the system shows it, and as far as the device has it. */
export class FileBody {
  readonly #shown: Content;
  readonly #durable: Content;
  readonly #unsynced: Piece[] = [];
  /** Pieces that were synced, ever. */
  #synced = 0;

  constructor(bytes?: Uint8Array) {
    this.#shown = new Content(bytes);
    this.#durable = new Content(bytes);
  }

  get length(): number {
    return this.#shown.length;
  }

  write(offset: number, bytes: Uint8Array): void {
    const piece: Piece = { offset, bytes: copyOf(bytes) };
    this.#shown.write(piece);
    this.#unsynced.push(piece);
  }

  /** Notes what a sync that begins now covers; the result makes it durable. */
  syncing(): () => void {
    const covered = this.#synced + this.#unsynced.length;
    return () => {
      const pieces = this.#unsynced.splice(0, Math.max(0, covered - this.#synced));
      for (const piece of pieces) this.#durable.write(piece);
      this.#synced += pieces.length;
    };
  }

  shown(): Uint8Array {
    return this.#shown.copy();
  }

  /** The same from `offset` on, at most `length` bytes. */
  range(offset: number, length: number): Uint8Array {
    return this.#shown.copy(offset, offset + length);
  }

  durable(): Uint8Array {
    return this.#durable.copy();
  }

  /** What a power loss leaves: the unsynced writes up to some point, the last of them torn. */
  crashed(random: KeyedRandom): FileBody {
    const content = new Content(this.#durable.copy());
    const kept = this.#unsynced.length === 0 ? 0 : random.below(this.#unsynced.length + 1);
    for (const piece of this.#unsynced.slice(0, kept)) content.write(piece);
    const torn = this.#unsynced[kept];
    if (torn !== undefined && torn.bytes.length > 0) {
      const length = random.below(torn.bytes.length);
      if (length > 0) content.write({ offset: torn.offset, bytes: torn.bytes.subarray(0, length) });
    }
    return new FileBody(content.copy());
  }
}

/** The files of one disk. */
export class FileImage {
  /** As the system shows them. */
  readonly shown: Map<string, FileBody> = new Map();
  /** Directory entries the device has. */
  readonly durable: Map<string, FileBody> = new Map();
  /** Changes on their way that happen as a whole or not at all. */
  readonly inFlight: Set<() => void> = new Set();

  /** The file, made when there is none. */
  body(name: string): FileBody {
    let body = this.shown.get(name);
    if (body === undefined) {
      body = new FileBody();
      this.shown.set(name, body);
    }
    return body;
  }

  /** Makes a file's entry durable, and with it every removal in its folder. */
  syncFolder(name: string): void {
    const folder = folderOf(name);
    for (const known of this.durable.keys()) {
      if (folderOf(known) === folder && !this.shown.has(known)) this.durable.delete(known);
    }
    const body = this.shown.get(name);
    if (body !== undefined) this.durable.set(name, body);
  }

  replace(name: string, bytes: Uint8Array): void {
    this.shown.set(name, new FileBody(bytes));
    this.syncFolder(name);
  }

  /** True when there was something to rename. */
  rename(from: string, to: string): boolean {
    const body = this.shown.get(from);
    if (body === undefined) return false;
    this.shown.delete(from);
    this.durable.delete(from);
    this.shown.set(to, body);
    this.syncFolder(to);
    return true;
  }

  /** Power is lost. */
  crash(random: KeyedRandom): void {
    for (const change of this.inFlight) if (random.chance(0.5)) change();
    this.inFlight.clear();
    const names = [...new Set([...this.shown.keys(), ...this.durable.keys()])].toSorted();
    const after = new Map<string, FileBody>();
    for (const name of names) {
      const shown = this.shown.get(name);
      const durable = this.durable.get(name);
      const body = shown === durable || random.chance(0.5) ? durable : shown;
      if (body !== undefined) after.set(name, body.crashed(random));
    }
    this.#restart(after);
  }

  /** The process is gone but the system runs on: only what was on its way is in doubt. */
  abandonAll(random: KeyedRandom): void {
    for (const change of this.inFlight) if (random.chance(0.5)) change();
    this.inFlight.clear();
  }

  /** A copy of what the device has. */
  clone(): FileImage {
    const copy = new FileImage();
    copy.#restart(new Map([...this.durable].map(([name, body]) => [name, new FileBody(body.durable())])));
    return copy;
  }

  /** Puts other content in the place of a file, or takes it away, beyond any process. */
  tamper(name: string, bytes: Uint8Array | undefined): void {
    this.shown.delete(name);
    this.durable.delete(name);
    if (bytes === undefined) return;
    const body = new FileBody(bytes);
    this.shown.set(name, body);
    this.durable.set(name, body);
  }

  #restart(files: ReadonlyMap<string, FileBody>): void {
    this.shown.clear();
    this.durable.clear();
    for (const [name, body] of files) {
      this.shown.set(name, body);
      this.durable.set(name, body);
    }
  }
}

/** The folder part of a name; empty for the root. */
export function folderOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash < 0 ? "" : name.slice(0, slash);
}
