import type { FlotillaError } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cborCodec, type Codec, jsonCodec, textCodec } from "../../src/client/codecs.ts";
import type { StandardSchema } from "../../src/client/schema.ts";
import type { TypedNode } from "../../src/client/typed-values.ts";
import type { Coord } from "../../src/server/api.ts";
import { World } from "../recipes/world.ts";
import { errorOf } from "./fake-cluster.ts";

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A port may be left out, and is a number afterwards. */
type GivenEndpoint = Pick<Endpoint, "host"> & Partial<Endpoint>;

function judge(value: unknown): ReturnType<StandardSchema<GivenEndpoint, Endpoint>["~standard"]["validate"]> {
  if (typeof value !== "object" || value === null) return { issues: [{ message: "expected an object" }] };
  const { host, port = 80 }: { host?: unknown; port?: unknown } = value;
  const issues = [
    ...(typeof host === "string" ? [] : [{ message: "expected a text", path: ["host"] }]),
    ...(typeof port === "number" ? [] : [{ message: "expected a number", path: [{ key: "port" }, 0] }]),
  ];
  return issues.length > 0 ? { issues } : { value: { host: String(host), port: Number(port) } };
}

const endpoint: StandardSchema<GivenEndpoint, Endpoint> = {
  "~standard": { version: 1, vendor: "test", validate: judge },
};
const slowEndpoint: StandardSchema<GivenEndpoint, Endpoint> = {
  "~standard": { version: 1, vendor: "test", validate: async (value) => judge(value) },
};

async function thrown(work: () => unknown): Promise<FlotillaError> {
  return errorOf(Promise.resolve().then(work));
}

test.each([
  ["text", textCodec(), fc.string({ unit: "grapheme" })],
  ["text beyond 16 bits", textCodec(), fc.string({ unit: "binary" })],
  [
    "JSON",
    jsonCodec(),
    fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value))),
  ],
  [
    "CBOR",
    cborCodec(),
    fc
      .jsonValue()
      .map((value) => JSON.parse(JSON.stringify(value)))
      .filter((value) => !JSON.stringify(value).includes('"__proto__":')),
  ],
] as [string, Codec<unknown>, fc.Arbitrary<unknown>][])(
  "%s comes back as it was given",
  async (_, codec, values) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        expect(await codec.decode(await codec.encode(value))).toEqual(value);
      }),
    );
  },
);

test("CBOR holds bytes", () => {
  const value = { key: new Uint8Array([0, 255]) };
  expect(cborCodec().decode(cborCodec().encode(value) as Uint8Array)).toEqual(value);
});

test.each<[string, () => unknown, RegExp]>([
  ["no JSON", () => jsonCodec().encode(undefined), /no such value/],
  ["no plain CBOR", () => cborCodec().encode(new Date(0)), /tags/],
  [
    "a key of CBOR that names a prototype",
    () => cborCodec().encode(JSON.parse('{"__proto__":1}')),
    /reserved/,
  ],
  ["a text of half a character", () => textCodec().encode("a\ud800b"), /not UTF-8/],
  ["a text that begins with the second half of one", () => textCodec().encode("\udc00"), /not UTF-8/],
  ["bytes that are no text", () => textCodec().decode(new Uint8Array([255])), /not valid/],
  ["bytes that are no JSON", () => jsonCodec().decode(new Uint8Array([123])), /JSON/],
  ["bytes that are no CBOR", () => cborCodec().decode(new Uint8Array([255])), /CBOR/],
  ["a circle", () => jsonCodec().encode(circle()), /circular/],
])("%s is refused", (_, work, why) => {
  expect(work).toThrow(why);
});

function circle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}

test.each([
  ["none", {}],
  ["a function", { schema: () => true }],
  ["another version", { schema: { "~standard": { version: 2, validate: judge } } }],
  ["nothing", null],
])("refuses %s for a schema", (_, options) => {
  expect(() => jsonCodec(options as unknown as { schema: typeof endpoint })).toThrow(/Standard Schema/);
});

test.each([
  ["at once", jsonCodec({ schema: endpoint })],
  ["later", jsonCodec({ schema: slowEndpoint })],
  ["from CBOR", cborCodec({ schema: endpoint })],
])("a schema that answers %s judges what is written and what is read", async (_, codec) => {
  const written = await codec.encode({ host: "a" });
  expect(await codec.decode(written)).toEqual({ host: "a", port: 80 });
  const bad = { host: 7, port: "x" } as unknown as Endpoint;
  const refused = await thrown(() => codec.encode(bad));
  expect(refused.code).toBe("ERR_FLOTILLA_BAD_VALUE");
  expect(refused.details["issues"]).toEqual([
    { message: "expected a text", path: ["host"] },
    { message: "expected a number", path: ["port", 0] },
  ]);
  expect(refused.message).toContain("host: expected a text (and 1 more)");
});

test("values of nodes go through the codec, and say which node does not fit", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const endpoints = coord.values(jsonCodec({ schema: endpoint }));
  await world.until(endpoints.create("/a", { host: "h", port: 1 }));
  await world.until(endpoints.put("/b", { host: "h" }));
  const { stat } = await world.until(endpoints.set("/a", { host: "h", port: 2 }, { version: 0 }));
  expect(await world.until(endpoints.get("/a"))).toEqual({ value: { host: "h", port: 2 }, stat });
  expect((await world.until(endpoints.get("/b")))?.value).toEqual({ host: "h", port: 80 });
  expect(await world.until(endpoints.get("/c"))).toBe(null);
  const before = await world.until(session.status());
  const unfit = await world.until(errorOf(endpoints.put("/a", { port: 1 } as unknown as Endpoint)));
  expect([unfit.code, unfit.details["path"]]).toEqual(["ERR_FLOTILLA_BAD_VALUE", "/a"]);
  expect((await world.until(session.status())).revision).toBe(before.revision);
  await world.until(session.put("/a", "{"));
  const garbled = await world.until(errorOf(endpoints.get("/a")));
  expect([garbled.code, garbled.details["path"]]).toEqual(["ERR_FLOTILLA_BAD_VALUE", "/a"]);
  expect(garbled.details["issues"]).toHaveLength(1);
});

test("what a watch tells of and what a multi takes go through it too", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const endpoints = coord.values(jsonCodec({ schema: slowEndpoint }));
  const watch = await world.until(session.watch("/a"));
  const value = await endpoints.encode({ host: "h" });
  await world.until(session.multi([{ type: "create", path: "/a", value }]));
  const { value: event } = await world.until(watch[Symbol.asyncIterator]().next());
  if (event?.type !== "created" || event.node === null) throw new Error("not told of");
  expect((await endpoints.decode(event.node)).value).toEqual({ host: "h", port: 80 });
});

test("writes of a codec that answers at once keep the order of their calls among others", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  const typed = coord.values(jsonCodec({ schema: endpoint }));
  const writes = [
    session.put("/a", "1"),
    typed.put("/a", { host: "2" }),
    session.put("/a", "3"),
    typed.set("/a", { host: "4" }),
  ];
  const revisions = (await world.until(Promise.all(writes))).map(({ revision }) => revision);
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  expect((await world.until(typed.get("/a")))?.value.host).toBe("4");
});

test("types follow the schema", () => {
  const codec = jsonCodec({ schema: endpoint });
  expectTypeOf(codec).toEqualTypeOf<Codec<GivenEndpoint, Endpoint>>();
  expectTypeOf(jsonCodec()).toEqualTypeOf<Codec<unknown>>();
  expectTypeOf(textCodec()).toEqualTypeOf<Codec<string>>();
  const use = (coord: Coord): Promise<TypedNode<Endpoint> | null> => {
    const values = coord.values(codec);
    // @ts-expect-error a host has to be given
    void values.put("/a", { port: 1 });
    // @ts-expect-error a port is no text
    void values.create("/a", { host: "h", port: "1" });
    return values.get("/a");
  };
  expectTypeOf(use).returns.resolves.toEqualTypeOf<TypedNode<Endpoint> | null>();
});

test("a function that has encode and decode is a codec, too", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const values = coord.values(Object.assign(() => {}, textCodec()));
  await world.until(values.put("/a", "b"));
  expect((await world.until(values.get("/a")))?.value).toBe("b");
});
