import { decode, encode } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import { badArgument } from "./bad-argument.ts";
import { badValue, type StandardSchema, unfit, validated } from "./schema.ts";
import { bytes } from "./values.ts";

/** Turns what an app works with into the bytes of a node, and back. What it throws says that a value does not fit. */
export interface Codec<In, Out = In> {
  encode(value: In): Uint8Array | Promise<Uint8Array>;
  decode(value: Uint8Array): Out | Promise<Out>;
}

/** The value as it is written, and as it is read. */
export interface SchemaOptions<In, Out> {
  /**
   * Judges what is read, and makes of it what the reader gets. What is written is judged as it will be read: a value is
   * stored as it was given, and only if reading it would succeed.
   */
  readonly schema: StandardSchema<In, Out>;
}

const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Half of a character of UTF-16, which UTF-8 has no form of. */
const half = /\p{Surrogate}/u;

const text: Codec<string> = {
  encode: (value) => {
    // It would be stored as U+FFFD.
    if (half.test(value)) throw badValue([{ message: "half a character is not UTF-8", path: [] }]);
    return bytes(value);
  },
  decode: (value) => fromUtf8.decode(value),
};

const json: Codec<unknown> = {
  encode: (value) => {
    const written = stringified(value);
    if (written === undefined) throw badValue([{ message: "JSON has no such value", path: [] }]);
    return bytes(written);
  },
  decode: (value) => JSON.parse(fromUtf8.decode(value)),
};

/** Undefined for what JSON has no form of, which the types of the language leave out. */
function stringified(value: unknown): string | undefined {
  return JSON.stringify(value);
}

const cbor: Codec<unknown> = {
  encode: (value) => {
    const written = encode(value);
    // What has no plain form is written all the same, and would never be read.
    decode(written);
    return written;
  },
  decode: (value) => decode(value),
};

/** Text as UTF-8. What is not UTF-8 does not fit, nor a text that has no form in it: with half of a surrogate pair. */
export function textCodec(): Codec<string>;
export function textCodec<In extends string, Out>(options: SchemaOptions<In, Out>): Codec<In, Out>;
export function textCodec(options?: SchemaOptions<string, unknown>): Codec<string, unknown> {
  return withSchema(text, options);
}

/** JSON as UTF-8. Without a schema what is read is `unknown`. */
export function jsonCodec(): Codec<unknown>;
export function jsonCodec<In, Out>(options: SchemaOptions<In, Out>): Codec<In, Out>;
export function jsonCodec(options?: SchemaOptions<unknown, unknown>): Codec<unknown> {
  return withSchema(json, options);
}

/**
 * Plain CBOR (RFC 8949): null, undefined, booleans, numbers, texts, byte strings, arrays and plain objects without a key
 * `__proto__`, at most 32 deep. Without a schema what is read is `unknown`; byte strings in it are parts of the node's value.
 */
export function cborCodec(): Codec<unknown>;
export function cborCodec<In, Out>(options: SchemaOptions<In, Out>): Codec<In, Out>;
export function cborCodec(options?: SchemaOptions<unknown, unknown>): Codec<unknown> {
  return withSchema(cbor, options);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function withSchema<In>(
  plain: Codec<In, unknown>,
  options: SchemaOptions<In, unknown> | undefined,
): Codec<In, unknown> {
  if (options === undefined) return plain;
  const schema = checked(options);
  const read = (value: Uint8Array): unknown => validated(schema, plain.decode(value));
  return {
    encode: (value) => {
      const written = plain.encode(value);
      if (written instanceof Promise) throw unfit("encode", new Error("expected bytes"));
      const judged = read(written);
      return judged instanceof Promise ? judged.then(() => written) : written;
    },
    decode: read,
  };
}

/** A caller without types may hand over anything. */
function checked(options: unknown): StandardSchema<unknown, unknown> {
  const schema: unknown = isObject(options) ? Reflect.get(options, "schema") : undefined;
  if (isSchema(schema)) return schema;
  throw badArgument("schema: expected one that speaks Standard Schema, version 1");
}

function isSchema(schema: unknown): schema is StandardSchema<unknown, unknown> {
  if (!(isObject(schema) || typeof schema === "function") || !("~standard" in schema)) return false;
  const standard = schema["~standard"];
  if (!isObject(standard) || !("validate" in standard) || !("version" in standard)) return false;
  return standard.version === 1 && typeof standard.validate === "function";
}
