import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesField, message, readFields, varintField } from "../src/clients/protobuf.ts";

const field = fc.integer({ min: 1, max: 1000 });

test("a put request has the bytes that etcd's own client sends", () => {
  const put = message(
    bytesField(1, Buffer.from("foo")),
    bytesField(2, Buffer.from("bar")),
    varintField(3, 300),
  );
  expect(Buffer.from(put).toString("hex")).toBe("0a03666f6f120362617218ac02");
});

test("fields come back as they were written", () => {
  fc.assert(
    fc.property(field, fc.uint8Array({ maxLength: 400 }), fc.maxSafeNat(), (number, bytes, value) => {
      const fields = readFields(message(bytesField(number, bytes), varintField(number + 1, value)));
      expect(new Uint8Array(fields.get(number) as Uint8Array)).toEqual(bytes);
      expect(fields.get(number + 1)).toBe(value);
    }),
  );
});

test("fixed-width fields are passed over", () => {
  const fixed64 = Uint8Array.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8]);
  const fixed32 = Uint8Array.from([0x15, 1, 2, 3, 4]);
  expect(readFields(message(fixed64, fixed32, varintField(3, 7))).get(3)).toBe(7);
});

test("a message cut short is refused", () => {
  const whole = bytesField(1, new Uint8Array(20));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (length) => {
      expect(() => readFields(whole.subarray(0, length))).toThrow(RangeError);
    }),
  );
});

test("groups, which nobody sends, are refused", () => {
  expect(() => readFields(Uint8Array.from([0x0b]))).toThrow(RangeError);
});
