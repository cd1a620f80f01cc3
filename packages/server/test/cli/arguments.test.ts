import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { run } from "../../src/cli/run.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function flotilla(...args: string[]): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await run(args, {
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    env: {},
    interrupted: new AbortController().signal,
  });
  return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

test.each<[string, string[], RegExp]>([
  ["no command", [], /which command/],
  ["an unknown flag", ["get", "/a", "--colour"], /unknown option '--colour'/],
  ["the version of a command", ["get", "/a", "--version"], /unknown option '--version'/],
  ["a missing path", ["get"], /missing required argument 'path'/],
  ["too many arguments", ["get", "/a", "/b"], /too many arguments/],
  ["a flag without its value", ["get", "/a", "--timeout"], /argument missing/],
  ["a timeout that is none", ["get", "/a", "--timeout", "soon"], /--timeout: expected a duration/],
  ["no endpoints", ["get", "/a", "--endpoints", " , "], /--endpoints: expected host:port/],
  ["a name to look up without a port", ["get", "/a", "--endpoints", "dns:db.test"], /host:port/],
  ["an address without a port", ["get", "/a", "--endpoints", "here"], /host:port/],
  ["no value", ["set", "/a"], /no value/],
  ["a value and a file", ["set", "/a", "x", "--file", "y"], /not both/],
  ["a fence that is none", ["put", "/a", "x", "--fence", "here"], /--fence: expected a revision and a path/],
  ["a file that is not there", ["put", "/a", "--file", "/no/such/file"], /cannot read/],
  ["a version that is none", ["rm", "/a", "--if-version", "-1"], /--if-version/],
  ["bit by bit without a subtree", ["rm", "/a", "--paged"], /--paged: expected with -r/],
  ["a ttl that is none", ["create", "/a", "--ttl", "soon"], /--ttl: expected a duration/],
  ["operations in no file", ["multi", "/no/such.json"], /cannot read/],
  ["sessions without a verb", ["sessions"], /which command/],
  ["leases without a verb", ["leases"], /which command/],
  ["elections without a verb", ["elections"], /which command/],
  ["an eviction from nothing", ["elections", "evict"], /missing required argument 'name'/],
  ["an eviction that nobody agreed to", ["elections", "evict", "a"], /nobody can be asked/],
  ["acl without a verb", ["acl"], /which command/],
  ["an access list that is none", ["acl", "set", "/a", "everybody"], /scheme:id:cdrwa/],
  ["an access list with an unknown letter", ["create", "/a", "--acl", "world:anyone:rx"], /scheme:id:cdrwa/],
  ["a name file that is not there", ["get", "/a", "--auth-file", "/no/such"], /secret file/],
  ["a secret file that is not there", ["get", "/a", "--secret-file", "/no/such"], /secret file/],
  ["serve without an id", ["serve"], /no id/],
  ["serve without data", ["serve", "--id", "n1"], /no dataDir/],
  [
    "bad members",
    ["serve", "--id", "n1", "--data-dir", "/dev/null/nowhere", "--bootstrap", "n1"],
    /id=host:port/,
  ],
  ["a missing configuration file", ["serve", "-c", "/no/such.toml"], /no such file/],
  ["members without a verb", ["members"], /which command/],
  ["an unknown verb of members", ["members", "evict", "n1"], /unknown command 'evict'/],
  ["a member that is none", ["members", "add", "n1=a:1=b"], /id=host:port/],
  ["transfer to two", ["transfer", "n1", "n2"], /too many arguments/],
  ["leave without a member", ["leave"], /missing required argument 'id'/],
  ["recover without data", ["recover"], /required option '--data-dir <dir>'/],
  [
    "an entry that is none",
    ["recover", "--data-dir", "/dev/null/nowhere", "--skip-entry", "0"],
    /--skip-entry/,
  ],
  [
    "two rescues at once",
    ["recover", "--data-dir", "/x", "--force-new-cluster", "--skip-entry", "1"],
    /cannot be used with/,
  ],
  ["repair without saying how", ["repair", "--data-dir", "/dev/null/nowhere"], /required option '--rejoin'/],
  ["repair of nobody", ["repair", "--rejoin", "--data-dir", "/dev/null/nowhere"], /does not say whose it is/],
  ["an unknown fault", ["demo", "--faults", "kill-all"], /no fault "kill-all"/],
  ["a seed that is none", ["demo", "--seed", "x"], /--seed/],
])("%s is a usage error with a hint", async (_, args, message) => {
  const { code, stdout, stderr } = await flotilla(...args);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(2);
  expect(stderr).toMatch(/\nhint: .+\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("an unknown command names the nearest", async () => {
  const { code, stderr } = await flotilla("stauts");
  expect(code).toBe(2);
  expect(stderr).toBe(
    "flotilla: unknown command 'stauts' (ERR_FLOTILLA_BAD_ARGUMENT)\nhint: Did you mean status?\n",
  );
});

test("with --json an error is one JSON object on standard error", async () => {
  const { code, stdout, stderr } = await flotilla("get", "--json");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(JSON.parse(stderr)).toEqual({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
    message: "missing required argument 'path'",
    hint: expect.any(String),
  });
});

test.each(["version", "--version", "-V"])("%s tells the version", async (asked) => {
  const { code, stdout, stderr } = await flotilla(asked);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^flotilla \d+\.\d+\.\d+ \(node v\d+\.\d+\.\d+\)\n$/);
});

test("help goes to standard output and is no error; what is not for people is not in it", async () => {
  const { code, stdout, stderr } = await flotilla("--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/serve.*status.*watch/s);
  expect(stdout).not.toContain("demo-member");
});

test.each(["stdout", "stderr"] as const)("a command that fails ends once its %s is read", async (name) => {
  const [slow, quick] = [new PassThrough({ highWaterMark: 1 }), new PassThrough()];
  const [stdout, stderr] = name === "stdout" ? [slow, quick] : [quick, slow];
  // As what the command told before it failed.
  stdout.write("told");
  let isOver = false;
  const running = run(["get"], {
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    env: {},
    interrupted: new AbortController().signal,
  }).finally(() => (isOver = true));
  await once(stderr, "readable");
  await setImmediate();
  expect(isOver).toBe(false);
  slow.resume();
  expect(await running).toBe(2);
});
