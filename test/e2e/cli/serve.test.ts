import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await TemporaryFolder.create("cli-serve");
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

interface Place {
  readonly id: string;
  readonly address: string;
  readonly dataDir: string;
}

async function place(id: string): Promise<Place> {
  const [port] = await freePorts(1);
  return { id, address: `127.0.0.1:${port}`, dataDir: join(folder.path, `${id}-${port}`) };
}

function serveFlags({ id, address, dataDir }: Place): string[] {
  return ["serve", "--id", id, "--data-dir", dataDir, "--listen", address];
}

function founding(...members: Place[]): string[] {
  return ["--bootstrap", members.map(({ id, address }) => `${id}=${address}`).join(",")];
}

const listening = /listens on 127\.0\.0\.1:\d+|"listening"/;

/** Starts a member alone in its cluster, writes, and stops it in order. */
async function lived(id: string, ...flags: string[]): Promise<Place> {
  const at = await place(id);
  await using server = new CommandLine([...serveFlags(at), ...founding(at), ...flags]);
  await server.printed(listening);
  expect(
    await flotilla(["put", "/kept", "value", "--endpoints", at.address, "--timeout", "30s"]),
  ).toMatchObject({ code: 0 });
  server.signal("SIGTERM");
  expect(await server.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining(`${id} closed`) });
  return at;
}

describe("one member", { timeout: 240_000 }, () => {
  test("traces every transition, from the data it found to the entries it applied", async () => {
    const file = join(folder.path, "trace.jsonl");
    await lived("traced", "--trace", file);
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line) as { seq: number; node: string; type: string });
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, k) => k + 1));
    expect(new Set(records.map(({ node }) => node))).toEqual(new Set(["traced"]));
    const kinds = records.map(({ type }) => type);
    expect(kinds[0]).toBe("recovered");
    expect(kinds).toEqual(expect.arrayContaining(["step", "soft", "append", "durable", "commit", "apply"]));
  });

  test("lets whoever has the super digest do everything, and nobody else", async () => {
    const at = await place("governed");
    const digest = `root:${createHash("sha1").update("root:secret").digest("base64")}`;
    await using server = new CommandLine([...serveFlags(at), ...founding(at), "--super-digest", digest]);
    await server.printed(listening);
    const as = (auth: string, ...args: string[]): ReturnType<typeof flotilla> =>
      flotilla([...args, "--endpoints", at.address, "--timeout", "30s"], { env: { FLOTILLA_AUTH: auth } });
    expect(await as("ann:a", "create", "/annas", "x", "--acl", "auth::cdrwa")).toMatchObject({ code: 0 });
    expect(await as("bob:b", "get", "/annas")).toMatchObject({ code: 4 });
    expect(await as("root:wrong", "get", "/annas")).toMatchObject({ code: 4 });
    expect(await as("root:secret", "get", "/annas")).toMatchObject({ code: 0, stdout: "x" });
    expect(await as("bob:b", "budget", "set", "/annas/b", "nodes=0")).toMatchObject({ code: 4 });
    expect(await as("root:secret", "budget", "set", "/annas/b", "nodes=0")).toMatchObject({ code: 0 });
    expect(await as("ann:a", "create", "/annas/b", "x")).toMatchObject({ code: 5 });
  });

  test("starts from a file, prefers flags, closes in order, and comes back with its data", async () => {
    const at = await place("n1");
    const config = join(folder.path, "n1.toml");
    await writeFile(
      config,
      `id = "n1"\ndataDir = ${JSON.stringify(at.dataDir)}\nlisten = "127.0.0.1:1"\ncluster = "shop"\nsecret = "hunter2"\nheartbeat = "50ms"\n[bootstrap]\nn1 = "${at.address}"\n`,
    );
    const secretFile = join(folder.path, "secret");
    await writeFile(secretFile, "hunter2\n");
    const client = ["--endpoints", at.address, "--cluster", "shop", "--timeout", "30s"];
    {
      await using server = new CommandLine(["serve", "-c", config, "--listen", at.address, "--json"]);
      await server.printed(listening);
      expect(server.jsonLines[0]).toEqual({
        type: "listening",
        id: "n1",
        address: at.address,
        cluster: "shop",
        pid: server.pid,
      });
      expect(await flotilla(["put", "/a", "1", ...client, "--secret-file", secretFile])).toMatchObject({
        code: 0,
      });
      expect(await flotilla(["get", "/a", ...client])).toMatchObject({ code: 4 });
      const wrong = await flotilla(["get", "/a", ...client], { env: { FLOTILLA_SECRET: "guess" } });
      expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining("ERR_FLOTILLA_WRONG_SECRET") });
      server.signal("SIGINT");
      const ran = await server.ended();
      expect(ran.code).toBe(0);
      expect(ran.stdout + ran.stderr).not.toContain("hunter2");
    }
    await using again = new CommandLine(["serve", "-c", config, "--listen", at.address]);
    await again.printed(listening);
    expect(await flotilla(["get", "/a", ...client], { env: { FLOTILLA_SECRET: "hunter2" } })).toMatchObject({
      code: 0,
      stdout: "1",
    });
  });

  test("settings may all come from the environment", async () => {
    const { id, address, dataDir } = await place("env");
    const env = {
      FLOTILLA_ID: id,
      FLOTILLA_DATA_DIR: dataDir,
      FLOTILLA_LISTEN: address,
      FLOTILLA_BOOTSTRAP: `${id}=${address}`,
    };
    await using server = new CommandLine(["serve"], { env });
    await server.printed(listening);
    expect(server.stdout).toContain(address);
  });
});

async function expectRefusal(args: readonly string[], code: number, errorCode: string): Promise<void> {
  const plain = await flotilla(args);
  expect(plain).toMatchObject({ code, stdout: "" });
  expect(plain.stderr).toMatch(new RegExp(`flotilla: .*\\(${errorCode}\\)\\nhint: .+\\n$`));
  const programs = await flotilla([...args, "--json"]);
  expect(programs).toMatchObject({ code, stdout: "" });
  expect(JSON.parse(programs.stderr.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ code: errorCode });
}

describe("serve refuses", { timeout: 240_000 }, () => {
  test("1: a port in use", async () => {
    const first = await place("n1");
    await using server = new CommandLine([...serveFlags(first), ...founding(first)]);
    await server.printed(listening);
    const second = { ...(await place("n2")), address: first.address };
    await expectRefusal([...serveFlags(second), ...founding(second)], 1, "ERR_FLOTILLA_ADDRESS_IN_USE");
  });

  test("2: a missing file, an unknown setting, an empty directory without founders, an open listener", async () => {
    await expectRefusal(["serve", "-c", join(folder.path, "missing.toml")], 2, "ERR_FLOTILLA_BAD_CONFIG");
    const config = join(folder.path, "typo.json");
    await writeFile(config, '{"id": "n1", "datadir": "x"}');
    await expectRefusal(["serve", "-c", config], 2, "ERR_FLOTILLA_BAD_CONFIG");
    const at = await place("n1");
    await expectRefusal(serveFlags(at), 2, "ERR_FLOTILLA_BAD_CONFIG");
    await expectRefusal(
      [...serveFlags({ ...at, address: "0.0.0.0:0" }), ...founding(at)],
      2,
      "ERR_FLOTILLA_BAD_CONFIG",
    );
    const everywhere = [...serveFlags({ ...at, address: "0.0.0.0:0" }), "--insecure"];
    await expectRefusal([...everywhere, "--join", at.address], 2, "ERR_FLOTILLA_BAD_CONFIG");
  });

  test("74: a second process on one data directory, while the first goes on", async () => {
    const at = await place("n1");
    await using server = new CommandLine([...serveFlags(at), ...founding(at)]);
    await server.printed(listening);
    const other = { ...at, address: (await place("n1")).address };
    await expectRefusal(serveFlags(other), 74, "ERR_FLOTILLA_LOCKED");
    expect(
      await flotilla(["put", "/still", "1", "--endpoints", at.address, "--timeout", "30s"]),
    ).toMatchObject({ code: 0 });
  });

  test("74: another member's data directory", async () => {
    const at = await lived("n1");
    await expectRefusal(serveFlags({ ...at, id: "n2" }), 74, "ERR_FLOTILLA_FOREIGN");
    await expectRefusal([...serveFlags(at), "--cluster", "other"], 74, "ERR_FLOTILLA_FOREIGN");
  });
});

test(
  "three members: status shows them, one may go, and without a quorum there is an honest error",
  { timeout: 240_000 },
  async () => {
    const places = await Promise.all(["n1", "n2", "n3"].map(place));
    const servers = places.map((at) => new CommandLine([...serveFlags(at), ...founding(...places)]));
    await using _all = {
      [Symbol.asyncDispose]: async () =>
        void (await Promise.all(servers.map((each) => each[Symbol.asyncDispose]()))),
    };
    await Promise.all(servers.map((server) => server.printed(listening)));
    const client = ["--endpoints", places.map((at) => at.address).join(","), "--timeout", "30s"];

    interface Status {
      readonly leader: string | null;
      readonly members: readonly { readonly id: string; readonly status: { readonly role: string } | null }[];
    }
    const status = async (): Promise<Status> => {
      const ran = await flotilla(["status", "--json", ...client]);
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      return JSON.parse(ran.stdout) as Status;
    };
    const witness = {
      hopeless: () => false,
      diagnose: () => servers.map((server) => server.stdout).join("\n"),
    };
    const whole = await until(
      "three members that answer",
      async () => {
        const seen = await status();
        return seen.members.every((member) => member.status !== null) && seen.leader !== null
          ? seen
          : undefined;
      },
      witness,
    );
    expect(whole.members.map((member) => member.id)).toEqual(["n1", "n2", "n3"]);
    expect((await flotilla(["status", ...client])).stdout).toMatch(
      /3 of 3 members answer; it can lose 1 more[\s\S]*^n1 .*$[\s\S]*^n3 /m,
    );
    expect(await flotilla(["put", "/a", "before", ...client])).toMatchObject({ code: 0 });

    const leader = places.findIndex((at) => at.id === whole.leader);
    servers[leader]?.signal("SIGKILL");
    await servers[leader]?.ended();
    expect(await flotilla(["put", "/a", "after", ...client])).toMatchObject({ code: 0 });
    expect((await flotilla(["status", ...client])).stdout).toMatch(
      /2 of 3 members answer; it can lose 0 more/,
    );
    expect((await flotilla(["status", ...client])).stdout).toMatch(
      new RegExp(`^${whole.leader} .*no answer`, "m"),
    );

    const other = (leader + 1) % 3;
    servers[other]?.signal("SIGKILL");
    await servers[other]?.ended();
    const alone = places[(leader + 2) % 3]!;
    const ran = await flotilla(["get", "/a", "--endpoints", alone.address, "--timeout", "3s"]);
    expect(ran).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/\(ERR_FLOTILLA_NO_QUORUM\)\nhint: /),
    });

    expect((await flotilla(["status", "--endpoints", alone.address])).stdout).toMatch(
      /1 of 3 members answer; too few for a quorum/,
    );

    servers[other] = new CommandLine(serveFlags(places[other]!));
    expect(await flotilla(["get", "/a", ...client])).toMatchObject({ code: 0, stdout: "after" });
  },
);
