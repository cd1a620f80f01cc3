import { crc32 } from "node:zlib";
import { decodeCommand, decodeResult, encodeCommand, Machine } from "@flotilla/kv";
import type { Applied } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { someCommand } from "../commands.ts";
import type { KvView } from "../commands.ts";
import type { Draw } from "../draw.ts";
import { mutated, noise } from "../frames.ts";
import type { Kind } from "../frames.ts";
import { Broken } from "../report.ts";

/** Bytes for a state machine, and how they came about. */
export interface KvBytes {
  readonly kind: Exclude<Kind, "lie">;
  readonly bytes: Uint8Array;
}

/** A machine holds few nodes here; a snapshot of it takes no more pieces of work than this. */
const mostWork = 10_000;
const snapshotStart = 7;
const frameHead = 8;

function withoutNumbers(message: string): string {
  return message.replaceAll(/-?\d+/g, "N").replaceAll(/"[^"]*"/g, "T");
}

/** The code and the words of a refusal that is one. @throws Broken for anything else */
function refusalOf(error: unknown, codes: readonly string[], bytes: Uint8Array): string {
  if (FlotillaError.is(error) && codes.includes(error.code)) return withoutNumbers(error.message);
  throw new Broken(`threw ${String(error)}`, bytes);
}

function viewOf(machine: Machine): KvView {
  return { revision: machine.revision, session: (id) => machine.session(id) };
}

function standing({ revision, applied, lastIndex, nodes, token }: Machine): string {
  return JSON.stringify({ revision, applied, lastIndex, nodes, token });
}

/** The name of what a command came to. */
function nameOf(applied: Applied): string {
  if (applied.type === "refused") return `refused: ${applied.why}`;
  if (applied.type === "attach-refused") return `attach refused: ${applied.code}`;
  if (applied.type !== "answered") return applied.type;
  const result = decodeResult(applied.result);
  return `answered: ${result.ok ? "ok" : result.code}${applied.repeat ? ", again" : ""}`;
}

/**
 * Two machines, one of which is also handed what is refused: they must never differ in anything they show, nor in their
 * digests.
 */
export class KvCommandTarget {
  readonly #draw: Draw;
  #machine = new Machine();
  #twin = new Machine();

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  renew(): void {
    this.#machine = new Machine();
    this.#twin = new Machine();
  }

  /** The next bytes: half of all are mutations of a command. */
  next(): KvBytes {
    const draw = this.#draw;
    const which = draw.below(10);
    if (which < 2) return { kind: "noise", bytes: noise(draw) };
    const sound = this.#sound();
    if (which < 5) return { kind: "valid", bytes: sound };
    return { kind: "mutated", bytes: mutated(draw, sound, draw.once(8) ? this.#sound() : sound) };
  }

  /** Applies bytes; what they came to, and whether they were a command. @throws Broken */
  apply(bytes: Uint8Array): { readonly outcome: string; readonly decodes: boolean } {
    const machine = this.#machine;
    const before = [machine.digest(), standing(machine)].join(" ");
    const at = { index: machine.lastIndex + 1, timeMs: 1_000_000 + machine.lastIndex };
    let applied: Applied;
    try {
      applied = machine.apply(bytes, at);
    } catch (error) {
      const outcome = refusalOf(error, ["ERR_FLOTILLA_INTERNAL", "ERR_FLOTILLA_UNSUPPORTED"], bytes);
      if ([machine.digest(), standing(machine)].join(" ") !== before)
        throw new Broken("refused, and changed something", bytes);
      if (decodes(bytes)) throw new Broken(`a command stops the machine: ${outcome}`, bytes);
      return { outcome, decodes: false };
    }
    this.#expectSameTwin(applied, bytes, at);
    expectSaysTheSame(bytes);
    return { outcome: `applied: ${nameOf(applied)}`, decodes: true };
  }

  #sound(): Uint8Array {
    return encodeCommand(someCommand(this.#draw, viewOf(this.#machine))).slice();
  }

  #expectSameTwin(applied: Applied, bytes: Uint8Array, at: { index: number; timeMs: number }): void {
    const [machine, twin] = [this.#machine, this.#twin];
    const other = twin.apply(bytes, at);
    if (nameOf(other) !== nameOf(applied) || twin.digest() !== machine.digest())
      throw new Broken("what was refused before left a trace", bytes);
    const [events, others] = [machine.takeEvents(), twin.takeEvents()];
    if (events.length !== others.length) throw new Broken("two machines tell of different events", bytes);
    if (standing(twin) !== standing(machine)) throw new Broken("two machines stand elsewhere", bytes);
  }
}

function decodes(bytes: Uint8Array): boolean {
  try {
    decodeCommand(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What decodes says the same on another journey. */
function expectSaysTheSame(bytes: Uint8Array): void {
  const again = encodeCommand(decodeCommand(bytes)).slice();
  const once = encodeCommand(decodeCommand(again));
  if (Buffer.compare(again, once) !== 0) throw new Broken("says something else when written again", bytes);
}

/** Where the frames of a snapshot begin. */
function framesOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts: number[] = [];
  for (let at = snapshotStart; at + frameHead <= bytes.length; at += frameHead + view.getUint32(at))
    starts.push(at);
  return starts;
}

/** A snapshot with another payload in one of its frames, of the right length and checksum. */
function withPayload(bytes: Uint8Array, at: number, change: (payload: Uint8Array) => Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = at + frameHead + view.getUint32(at);
  const payload = change(bytes.subarray(at + frameHead, end));
  const whole = new Uint8Array(bytes.length - (end - at) + frameHead + payload.length);
  whole.set(bytes.subarray(0, at));
  const head = new DataView(whole.buffer, at, frameHead);
  head.setUint32(0, payload.length);
  head.setUint32(4, crc32(payload));
  whole.set(payload, at + frameHead);
  whole.set(bytes.subarray(end), at + frameHead + payload.length);
  return whole;
}

function snapshotOf(machine: Machine): Uint8Array {
  return new Uint8Array(Buffer.concat([...machine.snapshot().chunks()]));
}

/** A machine that takes over a snapshot, or refuses it and stays as it is. */
export class KvSnapshotTarget {
  readonly #draw: Draw;
  readonly #machine = new Machine();
  readonly #taken: string;
  #sound: Uint8Array = new Uint8Array(0);
  #other: Uint8Array = new Uint8Array(0);

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#live(this.#machine, 20);
    this.#taken = this.#machine.digest();
    this.renew();
  }

  /** Other states to make snapshots of. */
  renew(): void {
    this.#other = this.#sound;
    const machine = new Machine();
    this.#live(machine, this.#draw.below(60));
    this.#sound = snapshotOf(machine);
  }

  /** The next bytes: half of all are mutations of a snapshot, most of them with checksums that fit. */
  next(): KvBytes {
    const draw = this.#draw;
    const which = draw.below(10);
    if (which < 2) return { kind: "noise", bytes: this.#noise() };
    if (which < 5) return { kind: "valid", bytes: this.#sound };
    return { kind: "mutated", bytes: this.#mutated() };
  }

  /** Restores from bytes, as they are cut; what it came to, and whether they were a snapshot. @throws Broken */
  restore(bytes: Uint8Array): { readonly outcome: string; readonly decodes: boolean } {
    const machine = this.#machine;
    const before = standing(machine);
    const restore = machine.beginRestore();
    try {
      this.#feed(restore, bytes);
      restore.prove();
    } catch (error) {
      const outcome = refusalOf(error, ["ERR_FLOTILLA_DAMAGED", "ERR_FLOTILLA_UNSUPPORTED"], bytes);
      if (machine.digest() !== this.#taken || standing(machine) !== before)
        throw new Broken("refused, and changed something", bytes);
      return { outcome, decodes: false };
    }
    const taken = new Machine();
    taken.restore(bytes);
    const again = new Machine();
    again.restore(snapshotOf(taken));
    // A number may be written longer than need be; nothing else may differ.
    if (again.digest() !== taken.digest()) throw new Broken("says something else when written again", bytes);
    return { outcome: "restored", decodes: true };
  }

  #feed(restore: ReturnType<Machine["beginRestore"]>, bytes: Uint8Array): void {
    let work = 0;
    for (let at = 0; at < bytes.length;) {
      const end = this.#draw.once(2) ? bytes.length : at + 1 + this.#draw.below(bytes.length);
      restore.write(bytes.subarray(at, end));
      at = end;
      while (restore.work()) if ((work += 1) > mostWork) throw new Broken("does not end", bytes);
    }
  }

  #live(machine: Machine, commands: number): void {
    for (let index = 1; index <= commands; index += 1) {
      const command = someCommand(this.#draw, viewOf(machine));
      if (command.type === "set-feature-level" && command.level > machine.newestLevel) continue;
      machine.apply(encodeCommand(command), { index: machine.lastIndex + 1, timeMs: 1_000_000 + index });
    }
  }

  #mutated(): Uint8Array {
    const draw = this.#draw;
    const starts = framesOf(this.#sound);
    if (draw.once(5)) return mutated(draw, this.#sound, this.#other);
    if (draw.once(6)) return this.#shuffled(starts);
    const at = starts[draw.below(starts.length)] ?? snapshotStart;
    return withPayload(this.#sound, at, (payload) =>
      mutated(draw, payload, draw.once(8) ? this.#other : payload),
    );
  }

  /** A frame twice, or left out, or one of another snapshot in its place. */
  #shuffled(starts: readonly number[]): Uint8Array {
    const draw = this.#draw;
    const from = starts[draw.below(starts.length)] ?? snapshotStart;
    const to = starts[draw.below(starts.length)] ?? snapshotStart;
    const source = draw.once(2) && this.#other.length > 0 ? this.#other : this.#sound;
    const others = framesOf(source);
    const tail = source.subarray(others[draw.below(others.length)] ?? to);
    return new Uint8Array(Buffer.concat([this.#sound.subarray(0, from), tail]));
  }

  #noise(): Uint8Array {
    const bytes = noise(this.#draw);
    if (this.#draw.once(2)) return bytes;
    // Behind a sound start and a checksum that fits, noise gets further in.
    const head = this.#sound.subarray(0, snapshotStart);
    const frame = new Uint8Array(Buffer.concat([head, new Uint8Array(frameHead)]));
    return withPayload(frame, snapshotStart, () => bytes);
  }
}
