import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDuration } from "../../src/config/duration.ts";
import { readConfigFile } from "../../src/config/file.ts";
import { readSecretFile } from "../../src/config/secret.ts";
import type { SettingSources } from "../../src/config/serve-settings.ts";
import { flagOf, loadServeSettings, variableOf } from "../../src/config/serve-settings.ts";

const least = { id: "n1", dataDir: "/data" };

function load(sources: Partial<SettingSources>): ReturnType<typeof loadServeSettings> {
  return loadServeSettings({ flags: {}, env: {}, file: {}, filePath: "f.toml", ...sources });
}

const badConfig = (message: RegExp): unknown =>
  expect.objectContaining({ code: "ERR_FLOTILLA_BAD_CONFIG", message: expect.stringMatching(message) });

describe("precedence", () => {
  const env = { FLOTILLA_LISTEN: "env:1", FLOTILLA_CLUSTER: "env" };
  const file = { ...least, listen: "file:1", cluster: "file", heartbeat: "50ms" };

  test("a flag wins over a variable, that over the file, that over the default", () => {
    expect(load({ flags: { listen: "flag:1" }, env, file })).toMatchObject({
      listen: "flag:1",
      cluster: "env",
      heartbeatMs: 50,
      logLevel: "warn",
    });
  });

  test("an empty variable counts as not set", () => {
    expect(load({ env: { FLOTILLA_CLUSTER: "" }, file }).cluster).toBe("file");
  });

  test("defaults are those of the documentation", () => {
    expect(load({ file: least })).toEqual({
      ...least,
      listen: "127.0.0.1:7400",
      bootstrap: undefined,
      join: undefined,
      learner: false,
      advertise: undefined,
      cluster: "flotilla",
      secret: undefined,
      secretFile: undefined,
      insecure: false,
      heartbeatMs: undefined,
      electionTimeoutMs: undefined,
      sessionTtlMs: undefined,
      snapshotEntries: undefined,
      historyEvents: undefined,
      historyBytes: undefined,
      historyAgeMs: undefined,
      superDigest: undefined,
      logLevel: "warn",
      trace: undefined,
    });
  });

  test("whom to ask may be a text or a list", () => {
    const join = ["10.0.0.1:7400", "10.0.0.2:7400"];
    expect(
      load({ flags: { join: "10.0.0.1:7400, 10.0.0.2:7400", learner: true }, file: least }),
    ).toMatchObject({
      join,
      learner: true,
    });
    expect(load({ file: { ...least, join, advertise: "n4:7400" } })).toMatchObject({
      join,
      advertise: "n4:7400",
    });
    expect(() => load({ file: { ...least, join: 7 } })).toThrow(badConfig(/join: expected host:port/));
    expect(() => load({ env: { FLOTILLA_JOIN: "," }, file: least })).toThrow(badConfig(/FLOTILLA_JOIN/));
  });

  test("of a secret and a secret file the one from the stronger source counts", () => {
    const both = { ...least, secret: "in-file", secretFile: "/in-file" };
    expect(load({ file: both })).toMatchObject({ secret: "in-file", secretFile: undefined });
    expect(load({ env: { FLOTILLA_SECRET_FILE: "/env" }, file: both })).toMatchObject({
      secret: undefined,
      secretFile: "/env",
    });
    expect(
      load({ flags: { secretFile: "/flag" }, env: { FLOTILLA_SECRET: "env" }, file: both }),
    ).toMatchObject({
      secret: undefined,
      secretFile: "/flag",
    });
  });

  test("an empty secret is none in the environment, and a mistake anywhere else", () => {
    expect(load({ env: { FLOTILLA_SECRET: "", FLOTILLA_SECRET_FILE: "" }, file: least })).toMatchObject({
      secret: undefined,
      secretFile: undefined,
    });
    expect(() => load({ flags: { secretFile: "" }, file: least })).toThrow(badConfig(/--secret-file: empty/));
    expect(() => load({ file: { ...least, secret: "" } })).toThrow(badConfig(/secret: empty/));
    expect(() => load({ file: { ...least, secretFile: "" } })).toThrow(badConfig(/secretFile: empty/));
  });

  test("who may do everything is named by its digest", () => {
    expect(load({ flags: { superDigest: "root:hash=" }, file: least }).superDigest).toBe("root:hash=");
    expect(load({ env: { FLOTILLA_SUPER_DIGEST: "root:env=" }, file: least }).superDigest).toBe("root:env=");
  });

  test("a secret is never taken from the command line", () => {
    expect(load({ flags: { secret: "seen-by-all" }, file: least }).secret).toBeUndefined();
  });

  test("names follow one rule", () => {
    expect(flagOf("electionTimeout")).toBe("election-timeout");
    expect(variableOf("electionTimeout")).toBe("FLOTILLA_ELECTION_TIMEOUT");
  });
});

describe("values", () => {
  const members = [
    { id: "n1", address: "a:1" },
    { id: "n2", address: "b:2" },
  ];

  test.each<[string, unknown]>([
    ["a text", "n1=a:1, n2=b:2"],
    ["a list", ["n1=a:1", "n2=b:2"]],
    ["a table", { n1: "a:1", n2: "b:2" }],
  ])("members may be %s", (_, bootstrap) => {
    expect(load({ file: { ...least, bootstrap } }).bootstrap).toEqual(members);
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ ...least, dataDri: "x" }, /f\.toml: unknown setting "dataDri"/],
    [{ ...least, heartbeat: "fast" }, /f\.toml: heartbeat: expected a duration/],
    [{ ...least, insecure: "perhaps" }, /f\.toml: insecure: expected true or false/],
    [{ ...least, snapshotEntries: 1.5 }, /snapshotEntries: expected a whole number/],
    [{ ...least, historyBytes: "64M" }, /historyBytes: expected a whole number/],
    [{ ...least, historyAge: "old" }, /historyAge: expected a duration/],
    [{ ...least, logLevel: "loud" }, /logLevel: expected debug/],
    [{ ...least, bootstrap: "n1=a=b" }, /bootstrap: expected members/],
    [{ ...least, bootstrap: [7] }, /bootstrap: expected members/],
    [{ dataDir: "/data" }, /no id: give --id, FLOTILLA_ID/],
  ])("%j is refused by name", (file, message) => {
    expect(() => load({ file })).toThrow(badConfig(message));
  });

  test("a wrong flag and a wrong variable are named as such", () => {
    expect(() => load({ flags: { heartbeat: "x" }, file: least })).toThrow(badConfig(/^--heartbeat:/));
    expect(() => load({ env: { FLOTILLA_HEARTBEAT: "x" }, file: least })).toThrow(
      badConfig(/^FLOTILLA_HEARTBEAT:/),
    );
  });

  test.each([
    ["250ms", 250],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["40", 40],
    [7, 7],
  ])("%s is %i ms", (text, ms) => {
    expect(parseDuration(text, "x")).toBe(ms);
  });

  test.each(["", "s", "-1s", "1 year", "1e3ms", null, {}, Number.NaN])("%s is no duration", (text) => {
    expect(() => parseDuration(text, "x")).toThrow(badConfig(/^x: expected a duration/));
  });
});

describe("files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flotilla-config-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, text: string): Promise<string> {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  }

  test("TOML and JSON say the same", async () => {
    const toml = await file("a.toml", 'id = "n1"\nsnapshotEntries = 5\n[bootstrap]\nn1 = "a:1"\n');
    const json = await file("a.json", '{"id": "n1", "snapshotEntries": 5, "bootstrap": {"n1": "a:1"}}');
    expect(await readConfigFile(toml)).toEqual(await readConfigFile(json));
  });

  test("a broken file is refused without showing what is in it", async () => {
    for (const name of ["b.toml", "b.json"]) {
      const path = await file(name, 'secret = "hunter2\n');
      const error = await readConfigFile(path).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: "ERR_FLOTILLA_BAD_CONFIG",
        message: expect.stringContaining(path),
      });
      expect(String(error)).not.toContain("hunter2");
    }
  });

  test("a list is no table of settings", async () => {
    await expect(readConfigFile(await file("c.json", "[]"))).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_CONFIG",
    });
  });

  test("a secret file counts without its last newline, and must not be empty", async () => {
    expect(await readSecretFile(await file("secret", "a b \n"))).toBe("a b ");
    await expect(readSecretFile(await file("empty", "\n"))).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_CONFIG",
    });
  });
});
