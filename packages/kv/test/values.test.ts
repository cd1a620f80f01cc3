import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesAt, noBytes, ValueStore } from "../src/values.ts";
import type { Chunk, Place, SlotPlace } from "../src/values.ts";

type Step =
  | { readonly type: "put"; readonly path: string; readonly size: number }
  | { readonly type: "undo"; readonly puts: readonly (readonly [path: string, size: number])[] }
  | { readonly type: "free"; readonly path: string };

const path = fc.integer({ min: 0, max: 40 }).map((number) => `/${number}`);
const size = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 200, max: 2_048 }),
  fc.constantFrom(2_047, 2_048, 2_049, 5_000),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("put" as const), path, size }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("free" as const), path }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("undo" as const),
      puts: fc.array(fc.tuple(path, size), { maxLength: 30 }),
    }),
  },
);

/** Values by path, kept as a tree keeps them. */
class Values {
  readonly places = new Map<string, SlotPlace>();
  readonly #bySlot: SlotPlace[] = [];
  readonly #store = new ValueStore();

  put(at: string, value: Uint8Array): number {
    const place = this.places.get(at) ?? { slot: this.#bySlot.length, chunk: noBytes, at: 0, length: 0 };
    this.#bySlot[place.slot] = place;
    this.#store.release(place);
    const hash = this.#store.put(place, value);
    this.#store.hold(place);
    this.places.set(at, place);
    return hash;
  }

  free(at: string): void {
    const place = this.places.get(at);
    if (place === undefined) return;
    this.#store.release(place);
    place.chunk = noBytes;
    this.places.delete(at);
  }

  /** Puts values, and takes them back. */
  undo(puts: readonly (readonly [path: string, value: Uint8Array])[]): void {
    const mark = this.#store.mark();
    const before = new Map([...this.places].map(([at, place]) => [at, { ...place }]));
    for (const [at, value] of puts) this.put(at, value);
    for (const [at, place] of this.places) {
      this.#store.release(place);
      const { chunk, at: from, length } = before.get(at) ?? { chunk: noBytes, at: 0, length: 0 };
      Object.assign(place, { chunk, at: from, length });
      this.#store.hold(place);
      if (!before.has(at)) this.places.delete(at);
    }
    this.#store.rewind(mark);
  }

  tidy(): void {
    this.#store.tidy({ node: (slot) => this.#at(slot), chunkOf: (slot) => this.#at(slot).chunk });
  }

  #at(slot: number): SlotPlace {
    return this.#bySlot[slot] ?? expect.unreachable("a slot that nobody has");
  }

  chunks(): Set<Chunk> {
    return new Set([...this.places.values()].map(({ chunk }) => chunk));
  }
}

function valueOf(number: number, length: number): Uint8Array {
  const value = new Uint8Array(length).fill(number);
  if (length > 1) value[length - 1] = number >> 8;
  return value;
}

test("every value stays what was put, also at places of long ago, and no memory is kept for a few", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 400, size: "max" }), (steps) => {
      const values = new Values();
      const model = new Map<string, Uint8Array>();
      const old: [Place, Uint8Array][] = [];
      for (const [number, next] of steps.entries()) {
        if (next.type === "free") {
          values.free(next.path);
          model.delete(next.path);
        } else if (next.type === "undo") {
          values.undo(next.puts.map(([at, length]) => [at, valueOf(~number, length)]));
        } else {
          const value = valueOf(number, next.size);
          values.put(next.path, value);
          model.set(next.path, value);
          const place = values.places.get(next.path);
          if (place !== undefined) old.push([{ ...place }, value]);
        }
        values.tidy();
      }
      const now = [...model].map(([at, value]) => [values.places.get(at), value] as const);
      for (const [place, value] of [...now, ...old]) {
        if (place === undefined || Buffer.compare(bytesAt(place), value) !== 0)
          expect.unreachable("another value");
      }
      const live = [...model.values()].reduce((sum, { length }) => sum + Math.ceil(length / 16) * 16, 0);
      const kept = [...values.chunks()].reduce((sum, { bytes }) => sum + bytes.length, 0);
      // The open chunk may be all but empty.
      expect(kept).toBeLessThanOrEqual(3 * live + 16_384);
      const counted = [...values.chunks()].reduce((sum, chunk) => sum + chunk.live, 0);
      expect(counted).toBe(live);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("a value has the same hash wherever it lies, and another one when a byte differs", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 500, maxLength: 530, size: "max" }),
  );
  fc.assert(
    fc.property(bytes, fc.nat(40), fc.nat(600), (value, before, at) => {
      const values = new Values();
      const hash = values.put("/a", value);
      values.put("/b", new Uint8Array(before));
      expect(values.put("/c", value)).toBe(hash);
      expect(values.put("/d", new Uint8Array([0, 0, 0, ...value]).subarray(3))).toBe(hash);
      if (value.length === 0) return;
      const other = value.slice();
      other[at % value.length] = (other[at % value.length] ?? 0) ^ 1;
      expect(values.put("/e", other)).not.toBe(hash);
    }),
  );
});

test("a value is copied: what it was made from may change", () => {
  const values = new Values();
  const sizes = [3, 100, 2_049];
  for (const length of sizes) {
    const value = valueOf(1, length);
    values.put(`/${length}`, value);
    value.fill(0);
  }
  for (const length of sizes) {
    const place = values.places.get(`/${length}`);
    expect(place === undefined ? null : bytesAt(place)).toEqual(valueOf(1, length));
  }
});
