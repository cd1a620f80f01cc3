import { readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandLine, flotilla } from "../support/command-line.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await TemporaryFolder.create("admin-listener");
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

interface Served {
  readonly server: CommandLine;
  readonly address: string;
  readonly admin: string;
  readonly dataDir: string;
}

async function serve(id: string, others: readonly string[] = []): Promise<Served> {
  const [port, adminPort] = await freePorts(2);
  const [address, admin] = [`127.0.0.1:${port}`, `127.0.0.1:${adminPort}`];
  const dataDir = join(folder.path, id);
  const flags = ["serve", "--id", id, "--data-dir", dataDir, "--listen", address, "--admin-listen", admin];
  const bootstrap = [`${id}=${address}`, ...others].join(",");
  return { server: new CommandLine([...flags, "--bootstrap", bootstrap]), address, admin, dataDir };
}

async function ask(admin: string, path: string): Promise<string> {
  try {
    const response = await fetch(`http://${admin}${path}`);
    return `${response.status} ${await response.text()}`;
  } catch {
    return "nobody";
  }
}

async function untilAnswer(admin: string, path: string, wanted: string): Promise<void> {
  let last = "";
  const isThere = async (): Promise<true | undefined> => {
    last = await ask(admin, path);
    return last.startsWith(wanted) || undefined;
  };
  await until(`${path}: ${wanted}`, isThere, { hopeless: () => false, diagnose: () => last });
}

describe("the admin listener of a member", { timeout: 240_000 }, () => {
  test("tells of one that serves, and its file of endpoints is found", async () => {
    const { server, address, admin } = await serve("good");
    await using _ = server;
    await untilAnswer(admin, "/readyz", "200 ok");
    const file = join(folder.path, "endpoints");
    await writeFile(file, `# ours\n${address}\n`);
    const put = await flotilla(["put", "/a", "1", "--endpoints", `file:${file}`, "--timeout", "30s"]);
    expect(put).toMatchObject({ code: 0 });
    const metrics = await ask(admin, "/metrics");
    expect(metrics).toMatch(/^flotilla_nodes 2$/m);
    expect(metrics).toMatch(/^flotilla_raft_role\{role="leader"\} 1$/m);
    expect(metrics).toMatch(/^flotilla_raft_fsync_seconds_count \d+$/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
    server.signal("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(await ask(admin, "/livez")).toBe("nobody");
  });

  test("tells of one without a majority that it lives and does not serve", async () => {
    const [other] = await freePorts(1);
    const { server, admin } = await serve("alone", [`other=127.0.0.1:${other}`]);
    await using _ = server;
    await untilAnswer(admin, "/readyz", "503 other not reached yet");
    expect(await ask(admin, "/livez")).toBe("200 ok\n");
  });

  test("tells of damaged data", async () => {
    const first = await serve("hurt");
    await untilAnswer(first.admin, "/readyz", "200");
    first.server.signal("SIGTERM");
    await first.server.ended();
    for (const file of await readdir(first.dataDir, { recursive: true })) {
      if (/\.(?:log|ldb)$/.test(file)) await truncate(join(first.dataDir, file), 0);
    }
    const flags = ["serve", "--id", "hurt", "--data-dir", first.dataDir];
    const where = ["--listen", first.address, "--admin-listen", first.admin];
    await using again = new CommandLine([...flags, ...where]);
    await untilAnswer(first.admin, "/readyz", "503 its data is damaged");
    expect(await ask(first.admin, "/livez")).toBe("200 ok\n");
    again.signal("SIGTERM");
    expect(await again.ended()).toMatchObject({ code: 74 });
  });

  test("is refused where somebody else listens", async () => {
    const { server, admin, dataDir } = await serve("first");
    await using _ = server;
    await untilAnswer(admin, "/readyz", "200");
    const flags = ["serve", "--id", "second", "--data-dir", `${dataDir}-2`, "--listen", "127.0.0.1:0"];
    const second = await flotilla([...flags, "--admin-listen", admin, "--bootstrap", "second=127.0.0.1:1"]);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining("ADDRESS_IN_USE") });
  });
});
