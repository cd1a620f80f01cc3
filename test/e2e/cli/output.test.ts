import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await TemporaryFolder.create("cli-output");
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** A disk without room. */
const full = "/dev/full";

/** A pipe with no room, which nobody reads until it is disposed of. */
function hungPipe(path: string): Disposable {
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  for (const bytes of [4_096, 1]) {
    try {
      for (;;) writeSync(fd, Buffer.alloc(bytes));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

describe("output that goes nowhere", { timeout: 240_000 }, () => {
  test.each([[["version"]], [["--help"]], [["help"]], [["get", "--help"]], [["help", "get"]]])(
    "fails a command that is there for it: %s",
    async (args) => {
      const { code, stderr } = await flotilla(args, { output: full });
      expect(code).toBe(74);
      expect(stderr).toMatch(/could not be written.*no space left/is);
    },
  );

  test("keeps no member that was asked to end, as its reader hangs", async () => {
    const path = join(folder.path, "hung-pipe");
    using _ = hungPipe(path);
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const place = ["--id", "n1", "--data-dir", join(folder.path, "hung"), "--listen", address];
    await using server = new CommandLine(["serve", ...place, "--bootstrap", `n1=${address}`], {
      output: path,
    });
    expect(await flotilla(["put", "/kept", "1", "--endpoints", address, "--timeout", "30s"])).toMatchObject({
      code: 0,
    });
    server.signal("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  });

  test.each(["full", "unread"])("stops no member: %s", async (how) => {
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const place = ["--id", "n1", "--data-dir", join(folder.path, how), "--listen", address];
    await using server = new CommandLine(
      ["serve", ...place, "--bootstrap", `n1=${address}`],
      how === "full" ? { output: full } : {},
    );
    if (how === "unread") server.closeOutput();
    const reach = ["--endpoints", address, "--timeout", "30s"];
    expect(await flotilla(["put", "/kept", "1", ...reach])).toMatchObject({ code: 0 });
    expect(await flotilla(["get", "/kept", ...reach])).toMatchObject({ code: 0, stdout: "1" });
    server.signal("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});
