/** Fields of a message by number: the last length-delimited bytes or varint under each. */
export type Fields = ReadonlyMap<number, Uint8Array | number>;

const wireVarint = 0;
const wireFixed64 = 1;
const wireBytes = 2;
const wireFixed32 = 5;

function varintBytes(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

/** A length-delimited field. */
export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  const head = [...varintBytes(field * 8 + wireBytes), ...varintBytes(bytes.length)];
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
}

/** A varint field of a whole number from 0 to 2^53 − 1; a boolean is 0 or 1. */
export function varintField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varintBytes(field * 8 + wireVarint), ...varintBytes(value)]);
}

/** One message of several fields. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(fields));
}

interface Cursor {
  at: number;
}

// Ids of members are full 64-bit numbers: beyond 2^53 the value loses its last digits, which compares as well.
function readVarint(bytes: Uint8Array, cursor: Cursor): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[cursor.at];
    if (byte === undefined) throw new RangeError("protobuf: the message is cut short");
    cursor.at += 1;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

function readField(bytes: Uint8Array, cursor: Cursor, wire: number): Uint8Array | number {
  if (wire === wireVarint) return readVarint(bytes, cursor);
  const fixed = wire === wireFixed64 ? 8 : wire === wireFixed32 ? 4 : null;
  if (fixed === null && wire !== wireBytes) throw new RangeError(`protobuf: unknown wire type ${wire}`);
  const length = fixed ?? readVarint(bytes, cursor);
  const end = cursor.at + length;
  if (end > bytes.length) throw new RangeError("protobuf: the message is cut short");
  const part = bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}

/**
 * Splits a message into its fields; a repeated one keeps its last value.
 * @throws RangeError when the bytes are no message
 */
export function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array | number>();
  eachField(bytes, (field, value) => fields.set(field, value));
  return fields;
}

/**
 * All values of a repeated field, in their order.
 * @throws RangeError when the bytes are no message
 */
export function repeatedBytes(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachField(bytes, (field, value) => {
    if (field === wanted && value instanceof Uint8Array) found.push(value);
  });
  return found;
}

function eachField(bytes: Uint8Array, take: (field: number, value: Uint8Array | number) => void): void {
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const key = readVarint(bytes, cursor);
    take(Math.floor(key / 8), readField(bytes, cursor, key % 8));
  }
}
