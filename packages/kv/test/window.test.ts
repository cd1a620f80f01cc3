import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeResult, encodeResult } from "../src/index.ts";
import type { Result } from "../src/index.ts";
import { KeptResult, ResultWindow } from "../src/window.ts";
import { idOf } from "./support.ts";

const number = fc.oneof(fc.nat(30), fc.maxSafeNat());
const time = fc.oneof(fc.maxSafeInteger(), fc.integer());
const text = fc.string({ unit: fc.constantFrom("a", "\u00e9", "\u4e2d"), maxLength: 300, size: "max" });
const stat = fc.record({
  czxid: number,
  mzxid: number,
  pzxid: number,
  ctimeMs: time,
  mtimeMs: time,
  version: number,
  cversion: number,
  aversion: number,
  ephemeralOwner: fc.constantFrom(null, idOf(1)),
  dataLength: number,
  numChildren: number,
  container: fc.constant(false),
  ttlMs: fc.option(fc.integer({ min: 1, max: 2 ** 40 - 1 })),
});
const part = fc.record({ ok: fc.constant(true as const), path: text, stat: fc.option(stat) });
const result: fc.Arbitrary<Result> = fc.oneof(
  fc.record({ ok: fc.constant(true as const), revision: number, results: fc.array(part, { maxLength: 5 }) }),
  fc.record({
    ok: fc.constant(false as const),
    revision: number,
    code: fc.constantFrom("ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS", "ERR_FLOTILLA_HELD"),
    failed: fc.option(fc.nat(999)),
  }),
);

test("a kept result gives the same bytes every time, no more of them than its bound", () => {
  fc.assert(
    fc.property(result, (what) => {
      const encoded = encodeResult(what);
      const kept = new KeptResult(what, null, 0, 0);
      const known = new KeptResult(what, encoded, 0, 0);
      expect(kept.length).toBe(encoded.length);
      expect(known.length).toBe(encoded.length);
      for (const { bytes, bound } of [kept, kept, known]) {
        expect(Buffer.compare(bytes, encoded)).toBe(0);
        expect(bound).toBeGreaterThanOrEqual(encoded.length);
      }
      expect(decodeResult(kept.bytes)).toEqual(what);
    }),
  );
});

test("a window counts the encoded bytes that an acknowledgement leaves", () => {
  fc.assert(
    fc.property(fc.array(result, { maxLength: 20 }), fc.nat(25), fc.nat(25), (results, forgotten, ack) => {
      const window = new ResultWindow(0);
      for (const what of results) window.push(new KeptResult(what, null, 0, 0));
      window.forget(forgotten, () => {});
      const from = Math.max(Math.min(forgotten, results.length), ack);
      const left = results.slice(from).reduce((sum, what) => sum + encodeResult(what).length, 0);
      expect(window.reaches(left, ack)).toBe(true);
      expect(window.reaches(left + 1, ack)).toBe(false);
      expect(window.clone().reaches(left + 1, ack)).toBe(false);
    }),
  );
});
