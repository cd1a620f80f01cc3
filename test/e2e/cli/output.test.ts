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

describe("output that goes nowhere", { timeout: 240_000 }, () => {
  test.each([[["version"]], [["--help"]], [["help"]], [["get", "--help"]], [["help", "get"]]])(
    "fails a command that is there for it: %s",
    async (args) => {
      const { code, stderr } = await flotilla(args, { output: full });
      expect(code).toBe(74);
      expect(stderr).toMatch(/could not be written.*no space left/is);
    },
  );

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
