import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { EpochGate, epochHeaders, readEpoch } from "../../src/fencing/gate.ts";
import { fencedPut } from "../../src/fencing/put.ts";
import { fencedUpdate, fencedUpsert, requireWritten } from "../../src/fencing/sql.ts";
import { FlotillaError } from "@flotilla/runtime";

test("a gate lets through the same and later holders, and remembers the latest", () => {
  const gate = new EpochGate(3);
  for (const epoch of [3, 3, 7, 7]) gate.pass({ epoch });
  expect(() => gate.pass({ epoch: 6 })).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_FENCED" }));
  expect(gate.highest).toBe(7);
  expect(() => gate.pass({ epoch: Number.NaN })).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
  );
  gate.pass({ epoch: Number.MAX_SAFE_INTEGER });
});

test("an epoch survives its header, in both forms of headers", () => {
  for (const epoch of [1, 42, Number.MAX_SAFE_INTEGER]) {
    expect(readEpoch(new Headers(epochHeaders({ epoch })))).toBe(epoch);
    expect(readEpoch(epochHeaders({ epoch }))).toBe(epoch);
  }
  expect(readEpoch({})).toBe(null);
  expect(readEpoch(new Headers())).toBe(null);
  for (const wrong of ["", "0", "-1", "1.5", "0x10", "1e3", " 1", "9007199254740993", "1, 2"])
    expect(() => readEpoch({ "flotilla-epoch": wrong })).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
  expect(() => readEpoch({ "flotilla-epoch": ["1", "2"] })).toThrow(/expected/);
});

test("a server refuses who holds no more", async () => {
  const gate = new EpochGate();
  const server = createServer((asked, response) => {
    try {
      gate.pass({ epoch: readEpoch(asked.headers) ?? 0 });
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(FlotillaError.is(error, "ERR_FLOTILLA_FENCED") ? 409 : 400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asking = request({ host: "127.0.0.1", port, headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asking.on("error", reject);
      asking.end();
    });
  expect(await ask(epochHeaders({ epoch: 4 }))).toBe(204);
  expect(await ask(epochHeaders({ epoch: 9 }))).toBe(204);
  expect(await ask(epochHeaders({ epoch: 4 }))).toBe(409);
  expect(await ask({})).toBe(400);
});

test("a gate begins with an epoch, or with 0, and with nothing else", () => {
  for (const highest of [undefined, 0, 3, Number.MAX_SAFE_INTEGER])
    expect(new EpochGate(highest).highest).toBe(highest ?? 0);
  for (const highest of [
    Number.NaN,
    Number("garbage"),
    -1,
    1.5,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    "3",
    null,
  ])
    expect(() => new EpochGate(highest as number)).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
});

/** A caller without types may hand over anything. */
const nothing = null as never;
const numbered = { table: 5 as never, key: { id: 1 }, set: {} };
const keyless = { table: "t", key: nothing, set: {} };

const wrong: Readonly<Record<string, () => unknown>> = {
  "pass of null": () => {
    new EpochGate().pass(nothing);
  },
  "headers of null": () => epochHeaders(nothing),
  "no headers": () => readEpoch(nothing),
  "an update of null": () => fencedUpdate(nothing, { epoch: 1 }),
  "an update of a numbered table": () => fencedUpdate(numbered, { epoch: 1 }),
  "an update without a key": () => fencedUpdate(keyless, { epoch: 1 }),
  "an upsert of null": () => fencedUpsert(nothing, { epoch: 1 }),
  "a count of null": () => {
    requireWritten(0, nothing);
  },
  "a put of nobody": () => fencedPut({ head: nothing, put: nothing }, "k", "v", nothing),
  "a put nowhere": () => fencedPut(nothing, "k", "v", { epoch: 1 }),
};

test.each(Object.entries(wrong))("%s: refused with a code", async (_, call) => {
  const called = (async () => call())();
  await expect(called).rejects.toEqual(expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }));
});
