import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommandOptions, Ran } from "../support/command-line.ts";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { LoneServer } from "../support/lone-server.ts";

let server: LoneServer;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await LoneServer.start("cli-tree");
  env = server.env;
}, 120_000);

afterAll(() => server[Symbol.asyncDispose]());

function run(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  return flotilla(args, { ...options, env: { ...env, ...options.env } });
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run([...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What an error looks like for people and for programs. */
async function expectFailure(args: readonly string[], code: number, errorCode: string): Promise<void> {
  const [plain, programs] = await Promise.all([run(args), run([...args, "--json"])]);
  expect(plain).toMatchObject({ code, stdout: "" });
  expect(plain.stderr).toMatch(new RegExp(`^flotilla: .*\\(${errorCode}\\)\\nhint: .+\\n$`));
  expect(programs).toMatchObject({ code, stdout: "" });
  expect(JSON.parse(programs.stderr)).toMatchObject({
    code: errorCode,
    hint: expect.any(String),
    message: expect.any(String),
  });
}

describe("a life of a node", { timeout: 240_000 }, () => {
  test("create, get, stat, ls, set, put, rm", async () => {
    expect(await run(["create", "/life", "one"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\/life created at revision \d+\n$/),
    });
    expect(await run(["get", "/life"])).toEqual({ code: 0, stdout: "one", stderr: "" });
    expect(await json("get", "/life")).toMatchObject({
      path: "/life",
      value: "one",
      encoding: "utf8",
      stat: { version: 0 },
    });
    expect(await json("set", "/life", "two", "--if-version", "0")).toMatchObject({
      path: "/life",
      stat: { version: 1 },
    });
    expect(await json("put", "/life", "three")).toMatchObject({ stat: { version: 2, dataLength: 5 } });
    expect(await json("put", "/life/child", "")).toMatchObject({ path: "/life/child" });
    expect(await json("ls", "/life")).toEqual({ path: "/life", children: ["child"] });
    expect((await run(["ls", "/life", "-l"])).stdout).toMatch(
      /^NAME\s+VERSION.*\nchild\s+0\s+0\s+0\s+persistent\n$/,
    );
    expect(await json("ls", "/life", "-l")).toMatchObject({
      children: [{ name: "child", stat: { version: 0 } }],
    });
    expect((await run(["stat", "/life"])).stdout).toMatch(/^version\s+2$/m);
    expect(await json("stat", "/life")).toMatchObject({ path: "/life", stat: { numChildren: 1 } });
    expect(await json("rm", "/life/child")).toEqual({ path: "/life/child", deleted: true });
    expect(await run(["rm", "/life", "--if-version", "2"])).toMatchObject({
      code: 0,
      stdout: "/life deleted\n",
    });
    expect((await run(["ls"])).stdout).not.toContain("life");
  });

  test("shows the past: nodes, children, who changed what and when", async () => {
    const { revision } = (await json("create", "/past", "one")) as { revision: number };
    await json("create", "/past/child");
    await json("put", "/past", "two");
    await json("rm", "/past", "-r");
    const at = ["--revision", String(revision)];
    expect(await run(["get", "/past", ...at])).toEqual({ code: 0, stdout: "one", stderr: "" });
    expect(await json("stat", "/past", ...at)).toMatchObject({ stat: { version: 0, numChildren: 0 } });
    expect(await json("ls", "/past", "--revision", String(revision + 1))).toMatchObject({
      children: ["child"],
    });
    expect(await json("ls", "/past", "-l", "--revision", String(revision + 1))).toMatchObject({
      children: [{ name: "child", stat: { version: 0 } }],
    });
    const { changes } = (await json("history", "/past")) as { changes: unknown[] };
    expect(changes).toMatchObject([
      { revision: revision + 3, type: "deleted", version: 1, by: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { revision: revision + 2, type: "changed", version: 1 },
      { revision, type: "created", version: 0, time: expect.stringMatching(/^\d{4}-/) },
    ]);
    const limited = await run(["history", "/past", "--limit", "1"]);
    expect(limited.stdout).toMatch(
      /^REVISION\s+TIME\s+CHANGE\s+VERSION\s+SESSION\n\d+\s+\S+\s+deleted\s+1\s+\S+\n$/,
    );
    await expectFailure(["get", "/past", "--revision", "999999"], 5, "ERR_FLOTILLA_AHEAD");
    await expectFailure(["get", "/past", "--revision", "x"], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
  });

  test("sequential names count up", async () => {
    await json("create", "/seq");
    const names = [await json("create", "/seq/job-", "-s"), await json("create", "/seq/job-", "-s")].map(
      ({ path }) => String(path),
    );
    expect(names[0]).toMatch(/^\/seq\/job-\d{10}$/);
    expect(names.toSorted()).toEqual(names);
    expect(new Set(names).size).toBe(2);
  });

  test("a node goes away by itself after its time to live, a container after its last child", async () => {
    await using watch = new CommandLine(["watch", "/", "-R"], { env });
    await watch.printed(/watching/);
    expect(await json("create", "/box", "-c")).toMatchObject({ stat: { container: true } });
    expect(await json("create", "/box/soon", "--ttl", "100ms")).toMatchObject({ stat: { ttlMs: 100 } });
    await watch.printed(/deleted {2}\/box\/soon\n/);
    await watch.printed(/deleted {2}\/box\n/);
    watch.signal("SIGINT");
    await watch.ended();
    await json("create", "/later", "--ttl", "1h");
    expect((await run(["ls", "-l", "/"])).stdout).toMatch(/^later .* ttl$/m);
    await expectFailure(["create", "/x", "--ttl", "soon"], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
  });

  test("a subtree is counted, and deleted at once or bit by bit", async () => {
    for (const path of ["/sub", "/sub/a", "/sub/a/b", "/sub2"]) await json("create", path, "four");
    expect(await json("du", "/sub")).toEqual({ path: "/sub", nodes: 3, bytes: 12 });
    expect((await run(["du", "/sub/a"])).stdout).toBe("/sub/a: 2 nodes, 8 bytes\n");
    await expectFailure(["rm", "/sub"], 5, "ERR_FLOTILLA_HAS_CHILDREN");
    await expectFailure(["rm", "/sub", "--paged"], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
    expect(await json("rm", "/sub/a", "-r")).toEqual({ path: "/sub/a", deleted: true });
    expect(await json("rm", "/sub", "-r", "--paged")).toEqual({ path: "/sub", deleted: true });
    expect(await json("rm", "/sub2")).toEqual({ path: "/sub2", deleted: true });
    await expectFailure(["du", "/sub"], 6, "ERR_FLOTILLA_NOT_FOUND");
  });

  test("several operations are done at once, as their conditions decide", async () => {
    const item = { type: "create", path: "/many", value: "x" };
    const script = {
      if: [{ type: "check", path: "/many", exists: false }],
      do: [item],
      else: [{ ...item, type: "set" }],
    };
    const input = JSON.stringify(script);
    expect((await run(["multi", "-"], { input })).stdout).toMatch(/^then done at revision \d+\n\/many\n$/);
    const { stdout } = await run(["multi", "-", "--json"], { input });
    expect(JSON.parse(stdout)).toMatchObject({ branch: "else", results: [{ stat: { version: 1 } }] });
    expect(await run(["multi", "-"], { input: "{}" })).toMatchObject({ code: 2 });
    const refused = JSON.stringify({ do: [item] });
    expect(await run(["multi", "-"], { input: refused })).toMatchObject({ code: 5 });
    await using watch = new CommandLine(["watch", "/many", "--initial"], { env });
    await watch.printed(/^\d+ {2}snapshot {2}1 nodes now:\n\d+ {2}present {2}\/many/m);
    watch.signal("SIGINT");
    await watch.ended();
    await json("rm", "/many");
  });

  test("a value may come from a file or standard input, and need not be text", async () => {
    const file = server.file("value");
    await writeFile(file, Uint8Array.of(0xff, 0, 1));
    await json("put", "/bytes", "--file", file);
    expect(await json("get", "/bytes")).toMatchObject({ value: "/wAB", encoding: "base64" });
    expect(await run(["put", "/bytes", "--file", "-"], { input: "piped\n" })).toMatchObject({ code: 0 });
    expect((await run(["get", "/bytes"])).stdout).toBe("piped\n");
  });

  test("an ephemeral node stays until its command is interrupted", async () => {
    await using held = new CommandLine(["create", "/held", "-e", "--json"], { env });
    await held.printed(/stays until Ctrl-C/);
    expect(await json("stat", "/held")).toMatchObject({ stat: { ephemeralOwner: expect.any(String) } });
    held.signal("SIGINT");
    expect(await held.ended()).toMatchObject({ code: 0 });
    await expectFailure(["get", "/held"], 6, "ERR_FLOTILLA_NOT_FOUND");
  });

  test("a session is listed, and ended when an operator says so", async () => {
    await using held = new CommandLine(["create", "/doomed", "-e", "--json"], { env });
    await held.printed(/stays until Ctrl-C/);
    const { stat } = (await json("stat", "/doomed")) as { stat: { ephemeralOwner: string } };
    const id = stat.ephemeralOwner;
    expect((await run(["sessions", "ls"])).stdout).toMatch(
      new RegExp(`^${id} +\\d+ ms +\\d+ ms +1 +1 +open$`, "m"),
    );
    expect((await run(["leases", "ls", "--session", id])).stdout).toMatch(
      new RegExp(`^${id} +${id} +\\d+ ms +\\d+ ms +1 +held$`, "m"),
    );
    expect(await run(["leases", "revoke", id], { input: "" })).toMatchObject({ code: 2 });
    expect(await run(["sessions", "end", id], { input: "" })).toMatchObject({ code: 2 });
    expect(await json("sessions", "expire", id, "--yes")).toEqual({ id, doomed: true });
    expect(await held.ended()).toMatchObject({ code: 3 });
    expect(await json("sessions", "ls")).toMatchObject({ sessions: expect.not.arrayContaining([{ id }]) });
    for (const verb of [
      ["sessions", "end"],
      ["leases", "revoke"],
    ])
      await expectFailure([...verb, "0".repeat(32), "-y"], 6, "ERR_FLOTILLA_NOT_FOUND");
  });

  test("a node is another name's to read once its list says so", async () => {
    const ann = { env: { ...env, FLOTILLA_AUTH: "ann:secret" } };
    expect((await run(["create", "/annas", "x", "--acl", "auth::cdrwa"], ann)).code).toBe(0);
    await expectFailure(["get", "/annas"], 4, "ERR_FLOTILLA_NO_AUTH");
    expect((await run(["acl", "get", "/annas"], ann)).stdout).toMatch(/^digest:ann:[\w+/]{27}=:cdrwa$/m);
    expect((await run(["acl", "set", "/annas", "auth::cdrwa,world:anyone:r"], ann)).code).toBe(0);
    expect(await json("acl", "get", "/annas")).toMatchObject({ aversion: 1, acl: [{ id: "ann:x" }, {}] });
    expect((await run(["get", "/annas"])).stdout).toBe("x");
    await expectFailure(["acl", "set", "/annas", "world:anyone:r"], 4, "ERR_FLOTILLA_NO_AUTH");
    expect((await run(["rm", "/annas"])).code).toBe(0);
  });

  test("what is below a path is bounded, until it no longer is", async () => {
    for (const path of ["/shop", "/shop/a"]) await json("create", path, "12345");
    await json("budget", "set", "/shop", "nodes=2:3", "bytes=100");
    expect((await run(["create", "/shop/b", "1"])).code).toBe(0);
    expect((await run(["budget", "ls"])).stdout).toMatch(/^\/shop +nodes +3 +2 +3 +full$/m);
    expect(await json("budget", "get", "/shop")).toEqual({
      path: "/shop",
      budget: { nodes: { soft: 2, hard: 3 }, bytes: { hard: 100 } },
      used: { nodes: 3, bytes: 11 },
    });
    await expectFailure(["create", "/shop/c", "x"], 5, "ERR_FLOTILLA_QUOTA");
    await expectFailure(["set", "/shop/a", "x".repeat(95)], 5, "ERR_FLOTILLA_QUOTA");
    await expectFailure(["budget", "set", "/shop", "nodes=3:2"], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
    await expectFailure(["budget", "set", "/shop", "doors=2"], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
    expect((await run(["rm", "/shop/b"])).code).toBe(0);
    expect((await run(["create", "/shop/c", "x"])).code).toBe(0);
    expect((await run(["budget", "rm", "/shop"])).code).toBe(0);
    for (const verb of ["get", "rm"])
      await expectFailure(["budget", verb, "/shop"], 6, "ERR_FLOTILLA_NOT_FOUND");
    expect((await run(["rm", "-r", "/shop"])).code).toBe(0);
  });

  test("commands leave no session behind", async () => {
    await json("put", "/a", "x");
    const status = await json("status");
    const members = status["members"] as { readonly status: { readonly sessions: number } }[];
    // The member's own; asking for the status opens none.
    expect(members[0]?.status.sessions).toBe(1);
  });
});

describe("watching", { timeout: 240_000 }, () => {
  test("tells every change in order, also for programs, and ends well when interrupted", async () => {
    await json("put", "/seen", "0");
    await using people = new CommandLine(["watch", "/seen", "-R"], { env });
    await using programs = new CommandLine(["watch", "/seen", "-R", "--json"], { env });
    await Promise.all([people.printed(/watching \/seen/), programs.printed(/watching \/seen/)]);
    await json("put", "/seen/a", "1");
    await json("set", "/seen/a", "2");
    await json("rm", "/seen/a");
    await people.printed(/deleted {2}\/seen\/a\n/);
    await programs.printed(/"deleted"/);
    expect(people.stdout).toMatch(
      /^\d+ {2}created {2}\/seen\/a {2}1\n\d+ {2}changed {2}\/seen\/a {2}2\n\d+ {2}deleted {2}\/seen\/a\n$/,
    );
    expect(programs.jsonLines.map(({ type, path, value }) => [type, path, value])).toEqual([
      ["created", "/seen/a", "1"],
      ["changed", "/seen/a", "2"],
      ["deleted", "/seen/a", undefined],
    ]);
    people.signal("SIGINT");
    programs.signal("SIGTERM");
    expect([(await people.ended()).code, (await programs.ended()).code]).toEqual([0, 0]);
  });

  test("tells what it is asked for: from a revision on, some changes, with what was before, once", async () => {
    const { revision } = await json("put", "/chosen", "0");
    await json("put", "/chosen/w-1", "1");
    await json("set", "/chosen/w-1", "2");
    await json("put", "/chosen/other", "3");
    await json("set", "/chosen/w-1", "4");
    await json("rm", "/chosen/w-1");
    const from = ["--from", String(revision)];
    const chosen = [
      "watch",
      "/chosen",
      "-R",
      ...from,
      "--type",
      "changed,deleted",
      "--names",
      "w-*",
      "--previous",
    ];
    await using people = new CommandLine(chosen, { env });
    await people.printed(/deleted/);
    expect(people.stdout).toMatch(
      /^\d+ {2}changed {2}\/chosen\/w-1 {2}2 {2}was 1\n\d+ {2}changed .*\n\d+ {2}deleted {2}\/chosen\/w-1 {2}was 4\n$/,
    );
    people.signal("SIGINT");
    await people.ended();
    await using programs = new CommandLine([...chosen, "--no-values", "--once", "--json"], { env });
    expect(await programs.ended()).toMatchObject({ code: 0 });
    expect(programs.jsonLines).toMatchObject([
      { type: "changed", path: "/chosen/w-1", stat: { version: 1 }, previous: { stat: { version: 0 } } },
    ]);
    expect(programs.stdout).not.toContain('"value"');
  });

  test("ends quietly when nobody reads any more", async () => {
    await using watching = new CommandLine(["watch", "/piped", "--children"], { env });
    await watching.printed(/watching/);
    watching.closeOutput();
    await json("put", "/piped", "1");
    expect(await watching.ended()).toMatchObject({ code: 0 });
  });
});

describe("refusals", { timeout: 240_000 }, () => {
  test("2: an invalid path, and a value that is too large", async () => {
    await expectFailure(["get", "no/slash"], 2, "ERR_FLOTILLA_BAD_PATH");
    await expectFailure(["create", "/a/../b"], 2, "ERR_FLOTILLA_BAD_PATH");
    for (const flags of [
      ["--type", "moved"],
      ["--from", "yesterday"],
      ["--names", "a/b"],
    ])
      await expectFailure(["watch", "/a", ...flags], 2, "ERR_FLOTILLA_BAD_ARGUMENT");
    const file = server.file("large");
    await writeFile(file, new Uint8Array(1_048_577));
    await expectFailure(["put", "/large", "--file", file], 2, "ERR_FLOTILLA_TOO_LARGE");
    await expectFailure(["get", "/large"], 6, "ERR_FLOTILLA_NOT_FOUND");
  });

  test("3: nobody there", async () => {
    const [port] = await freePorts(1);
    await expectFailure(
      ["get", "/a", "--endpoints", `127.0.0.1:${port}`, "--timeout", "500ms"],
      3,
      "ERR_FLOTILLA_UNREACHABLE",
    );
  });

  test("4: a wrong cluster, and a secret where there is none", async () => {
    await expectFailure(["get", "/a", "--cluster", "other"], 4, "ERR_FLOTILLA_WRONG_CLUSTER");
    const ran = await run(["get", "/a"], { env: { FLOTILLA_SECRET: "hunter2" } });
    expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining("ERR_FLOTILLA_WRONG_SECRET") });
    expect(ran.stderr).not.toContain("hunter2");
  });

  test("5: exists, a bad version, children in the way; nothing is changed", async () => {
    await json("put", "/kept", "as it is");
    await json("put", "/kept/child", "");
    await expectFailure(["create", "/kept", "new"], 5, "ERR_FLOTILLA_EXISTS");
    await expectFailure(["set", "/kept", "new", "--if-version", "7"], 5, "ERR_FLOTILLA_BAD_VERSION");
    await expectFailure(["rm", "/kept", "--if-version", "7"], 5, "ERR_FLOTILLA_BAD_VERSION");
    await expectFailure(["rm", "/kept"], 5, "ERR_FLOTILLA_HAS_CHILDREN");
    expect((await run(["get", "/kept"])).stdout).toBe("as it is");
  });

  test("6: nothing at the path, nor above it", async () => {
    for (const args of [
      ["get", "/none"],
      ["stat", "/none"],
      ["ls", "/none"],
      ["rm", "/none"],
      ["set", "/none", "x"],
      ["create", "/none/a"],
    ]) {
      expect(await run(args)).toMatchObject({
        code: 6,
        stdout: "",
        stderr: expect.stringContaining("ERR_FLOTILLA_NOT_FOUND"),
      });
    }
  });

  test("a process of the demo does not run by itself", async () => {
    expect(await run(["demo-member"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("flotilla demo"),
    });
  });
});
