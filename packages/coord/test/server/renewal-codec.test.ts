import { FlotillaError } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMemberMessage, encodeMemberMessage } from "../../src/server/renewal-codec.ts";

const id = fc.nat(30).map((k) => k.toString(16).padStart(32, "0"));
const list = fc.array(id, { minLength: 1, maxLength: 6 });

function listsIn(payload: Uint8Array, known: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const message = decodeMemberMessage(payload, (first) => known.find((each) => each[0] === first));
  if (message.type !== "renew") throw new Error("it was no renewal");
  return message.lists;
}

test("whatever lists are known, a renewal names the same leases in the same order", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(list, { maxLength: 5 }), fc.array(list, { maxLength: 5 }), (told, others) => {
      const known: readonly (readonly string[])[] = [...told.slice(0, 2), ...others];
      const payload = encodeMemberMessage({ type: "renew", batch: 7, lists: told });
      const lists = listsIn(payload, known);
      expect(lists.flat()).toEqual(told.flat());
      found += lists.filter((each) => known.includes(each)).length;
    }),
  );
  expect(found).toBeGreaterThan(50);
});

test("a known list is told as itself only where all of it comes, and it comes as it was", () => {
  const ids = Array.from({ length: 40 }, (_, k) => k.toString(16).padStart(32, "0"));
  const extra = "f".repeat(32);
  const known = ids.slice(0, 20);
  const lists = (...told: (readonly string[])[]): readonly (readonly string[])[] =>
    listsIn(encodeMemberMessage({ type: "renew", batch: 1, lists: told }), [known]);
  const within = lists([extra], known, ids.slice(20));
  expect(within).toEqual([[extra], known, ids.slice(20)]);
  expect(within[1]).toBe(known);
  for (const told of [known.slice(0, 19), [...known.slice(0, 19), extra], known.toReversed()]) {
    const [only, ...more] = lists(told);
    expect(more).toEqual([]);
    expect(only).toEqual(told);
    expect(only).not.toBe(known);
  }
  const short = encodeMemberMessage({ type: "renew", batch: 1, lists: [known] }).slice(0, -1);
  const refusal = ((): unknown => {
    try {
      return listsIn(short, [known]);
    } catch (error) {
      return error;
    }
  })();
  expect(FlotillaError.is(refusal, "ERR_FLOTILLA_BAD_FRAME")).toBe(true);
});

test("the bytes of a renewal do not tell where lists begin", () => {
  const [a, b] = ["a".repeat(32), "b".repeat(32)];
  const apart = encodeMemberMessage({ type: "renew", batch: 1, lists: [[a], [b]] });
  expect(encodeMemberMessage({ type: "renew", batch: 1, lists: [[a, b]] })).toEqual(apart);
});
