import { join } from "node:path";
import { connect, start } from "@flotilla/coord";
import { silentLogger } from "@flotilla/runtime";
import { afterAll, beforeAll, beforeEach, describe, test } from "vitest";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import type { Calm } from "./lone-member.ts";
import { cluster, LoneMember, secret } from "./lone-member.ts";
import { expectTyped, failureOf, untyped } from "./typed.ts";

let member: LoneMember;
let before: Calm;
const limitMs = 60_000;

beforeAll(async () => {
  member = await LoneMember.start("options");
}, limitMs);
afterAll(async () => {
  await member[Symbol.asyncDispose]();
});
beforeEach(() => {
  before = member.calm();
});

describe("connect", () => {
  const good = { cluster, secret, logger: silentLogger, connectTimeoutMs: 30_000 };
  const options: readonly (readonly [string, string, () => unknown])[] = [
    ["nothing", "ERR_FLOTILLA_BAD_ARGUMENT", () => undefined],
    ["null", "ERR_FLOTILLA_BAD_ARGUMENT", () => null],
    ["a text", "ERR_FLOTILLA_BAD_ARGUMENT", () => "127.0.0.1:1"],
    ["no endpoints", "ERR_FLOTILLA_BAD_ARGUMENT", () => ({ ...good, endpoints: [] })],
    [
      "an endpoint that is one text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: member.address }),
    ],
    ["an endpoint without a port", "ERR_FLOTILLA_BAD_ADDRESS", () => ({ ...good, endpoints: ["localhost"] })],
    [
      "an endpoint with a port above all",
      "ERR_FLOTILLA_BAD_ADDRESS",
      () => ({ ...good, endpoints: ["localhost:70000"] }),
    ],
    [
      "an endpoint that is a URL",
      "ERR_FLOTILLA_BAD_ADDRESS",
      () => ({ ...good, endpoints: [`ws://${member.address}/`] }),
    ],
    [
      "a cluster that is a number",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], cluster: 5 }),
    ],
    [
      "a cluster name without end",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], cluster: "x".repeat(10_000) }),
    ],
    [
      "a secret that is a number",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], secret: 5 }),
    ],
    [
      "a secret that is null",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], secret: null }),
    ],
    [
      "an empty secret",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], secret: "" }),
    ],
    [
      "a time to live that is NaN",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], sessionTtlMs: Number.NaN }),
    ],
    [
      "a time to live of an hour",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], sessionTtlMs: 3_600_000 }),
    ],
    [
      "a stall longer than the time to live",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], maxStallMs: 1e9 }),
    ],
    [
      "a time limit that is a text",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], connectTimeoutMs: "5s" }),
    ],
    [
      "a signal that is none",
      "ERR_FLOTILLA_BAD_ARGUMENT",
      () => ({ ...good, endpoints: [member.address], signal: 5 }),
    ],
  ];
  test.each(options)(
    "with %s: %s",
    async (_, code, make) => {
      expectTyped(await failureOf(() => connect(untyped(make()))), code);
      await member.expectUnharmed(before);
    },
    limitMs,
  );
});

describe("start", () => {
  const listen = "127.0.0.1:0";
  const options: readonly (readonly [string, (good: object) => unknown])[] = [
    ["nothing", () => undefined],
    ["null", () => null],
    ["an id with a slash", (good) => ({ ...good, id: "../n1" })],
    ["an id that is a number", (good) => ({ ...good, id: 1 })],
    ["an empty data directory", (good) => ({ ...good, dataDir: "" })],
    ["a data directory with a NUL", (good) => ({ ...good, dataDir: "/tmp/\u0000" })],
    ["no address", (good) => ({ ...good, listen: undefined })],
    ["an address without a port", (good) => ({ ...good, listen: "localhost" })],
    [
      "an address that is not of this machine, unprotected",
      (good) => ({ ...good, listen: "0.0.0.0:0", secret: undefined }),
    ],
    ["an empty secret", (good) => ({ ...good, secret: "" })],
    ["a secret that is a number", (good) => ({ ...good, secret: 5 })],
    ["a cluster name without end", (good) => ({ ...good, cluster: "x".repeat(10_000) })],
    ["a cluster that is a number", (good) => ({ ...good, cluster: 5 })],
    ["founders without oneself", (good) => ({ ...good, bootstrap: [{ id: "n2", address: "127.0.0.1:1" }] })],
    [
      "founders named twice",
      (good) => ({
        ...good,
        bootstrap: [
          { id: "n1", address: "127.0.0.1:1" },
          { id: "n1", address: "127.0.0.1:2" },
        ],
      }),
    ],
    ["a founder with port 0", (good) => ({ ...good, bootstrap: [{ id: "n1", address: "127.0.0.1:0" }] })],
    ["founders that are a text", (good) => ({ ...good, bootstrap: "n1=127.0.0.1:1" })],
    ["a founder that is null", (good) => ({ ...good, bootstrap: [null] })],
    ["no founders", (good) => ({ ...good, bootstrap: [] })],
    ["neither data nor founders", (good) => ({ ...good, bootstrap: undefined })],
    ["a heartbeat that is NaN", (good) => ({ ...good, heartbeatMs: Number.NaN })],
    [
      "a heartbeat as long as the election timeout",
      (good) => ({ ...good, heartbeatMs: 1_000, electionTimeoutMs: 1_000 }),
    ],
    ["snapshots after minus one entries", (good) => ({ ...good, snapshotEntries: -1 })],
    ["a time to live below the least", (good) => ({ ...good, sessionTtlMs: 1 })],
    ["a logger that is none", (good) => ({ ...good, logger: "pino" })],
  ];
  test.each(options)(
    "with %s: ERR_FLOTILLA_BAD_CONFIG",
    async (_, change) => {
      const [port] = await freePorts(1);
      const dataDir = join(member.folder.path, `start-${port}`);
      const good = {
        id: "n1",
        dataDir,
        listen,
        bootstrap: [{ id: "n1", address: `127.0.0.1:${port}` }],
        secret,
        cluster,
        logger: silentLogger,
      };
      expectTyped(await failureOf(() => start(untyped(change(good)))), "ERR_FLOTILLA_BAD_CONFIG");
    },
    limitMs,
  );
});
