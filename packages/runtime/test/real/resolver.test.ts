import { spawnSync } from "node:child_process";
import { constants } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FlotillaError } from "../../src/errors.ts";
import { realResolver } from "../../src/real/resolver.ts";
import { NameServer } from "./name-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const signal = new AbortController().signal;

async function nameServer(): Promise<NameServer> {
  const server = await NameServer.start();
  onTestFinished(() => server.close());
  return server;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolved",
    (error: unknown) => (FlotillaError.is(error) ? error.code : String(error)),
  );
}

test("asks name servers for addresses of both kinds, and for services", async () => {
  const server = await nameServer();
  server.records.set("A db.test", ["10.0.0.1", "10.0.0.2"]);
  server.records.set("AAAA db.test", ["fd00::1"]);
  server.records.set("A four.test", ["10.0.0.4"]);
  server.records.set("SRV _x._tcp.test", [
    { host: "n1.test", port: 7400 },
    { host: "n2.test", port: 7401 },
  ]);
  const asked = { servers: [server.address], signal };
  const resolver = realResolver();
  expect(await resolver.addresses("db.test", asked)).toEqual(["10.0.0.1", "10.0.0.2", "fd00::1"]);
  expect(await resolver.addresses("four.test", asked)).toEqual(["10.0.0.4"]);
  expect(await resolver.services("_x._tcp.test", asked)).toEqual([
    { host: "n1.test", port: 7400 },
    { host: "n2.test", port: 7401 },
  ]);
});

test("keeps no answer", async () => {
  const server = await nameServer();
  const asked = { servers: [server.address], signal };
  const resolver = realResolver();
  server.records.set("A db.test", ["10.0.0.1"]);
  expect(await resolver.addresses("db.test", asked)).toEqual(["10.0.0.1"]);
  server.records.set("A db.test", ["10.0.0.9"]);
  expect(await resolver.addresses("db.test", asked)).toEqual(["10.0.0.9"]);
});

test("resolves the names of this machine as the system does", async () => {
  const found = await realResolver().addresses("localhost", { signal });
  expect(found.some((address) => address === "127.0.0.1" || address === "::1")).toBe(true);
});

test("says what cannot be resolved, and ends with the signal", async () => {
  const server = await nameServer();
  const asked = { servers: [server.address], signal };
  const resolver = realResolver();
  expect(await codeOf(resolver.addresses("nothing.test", asked))).toBe("ERR_FLOTILLA_UNREACHABLE");
  expect(await codeOf(resolver.services("nothing.test", asked))).toBe("ERR_FLOTILLA_UNREACHABLE");
  expect(await codeOf(resolver.addresses("db.test", { servers: ["not an ip"], signal }))).toBe(
    "ERR_FLOTILLA_BAD_ARGUMENT",
  );
  server.isSilent = true;
  const stop = new AbortController();
  const waiting = codeOf(resolver.addresses("db.test", { ...asked, signal: stop.signal }));
  await server.asked();
  stop.abort(new FlotillaError("ERR_FLOTILLA_ABORTED", "enough"));
  expect(await waiting).toBe("ERR_FLOTILLA_ABORTED");
  expect(await codeOf(resolver.addresses("db.test", { ...asked, signal: stop.signal }))).toBe(
    "ERR_FLOTILLA_ABORTED",
  );
});

test("reads a file up to a bound", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "endpoints");
  const resolver = realResolver();
  expect(await codeOf(resolver.text(path, { maxBytes: 8, signal }))).toBe("ERR_FLOTILLA_UNREACHABLE");
  await writeFile(path, "12345678");
  expect(await resolver.text(path, { maxBytes: 8, signal })).toBe("12345678");
  await writeFile(path, "123456789");
  expect(await codeOf(resolver.text(path, { maxBytes: 8, signal }))).toBe("ERR_FLOTILLA_TOO_LARGE");
});

// Whoever opens such a pipe waits until somebody else writes to it.
test.skipIf(spawnSync("mkfifo", ["--version"]).status !== 0)(
  "a file system that hangs keeps one thread, whatever number of reads was given up",
  async () => {
    await using directory = await temporaryDirectory();
    const [pipe, file] = [join(directory.path, "hangs"), join(directory.path, "file")];
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    await writeFile(file, "n1:7400");
    const resolver = realResolver();
    const stop = new AbortController();
    // As many as the pool of Node has threads by default.
    const hanging = Array.from({ length: 4 }, () =>
      codeOf(resolver.text(pipe, { maxBytes: 8, signal: stop.signal })),
    );
    stop.abort(new FlotillaError("ERR_FLOTILLA_ABORTED", "enough"));
    expect(await Promise.all(hanging)).toEqual(Array(4).fill("ERR_FLOTILLA_ABORTED"));
    expect(await readFile(file, "utf8")).toBe("n1:7400");
    const waiting = resolver.text(file, { maxBytes: 8, signal });
    const late = AbortSignal.abort(new FlotillaError("ERR_FLOTILLA_ABORTED", "never wanted"));
    expect(await codeOf(resolver.text(pipe, { maxBytes: 8, signal: late }))).toBe("ERR_FLOTILLA_ABORTED");
    // It goes on once the file system answers.
    await (await open(pipe, constants.O_RDWR | constants.O_NONBLOCK)).close();
    expect(await waiting).toBe("n1:7400");
  },
);
