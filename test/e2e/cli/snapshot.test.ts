import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connect } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { flotilla } from "../support/command-line.ts";
import { says, Site } from "../support/site.ts";

const ids = ["n1", "n2", "n3"] as const;

interface Report {
  readonly historyId: string;
  readonly revision: number;
}

describe("flotilla snapshot", { timeout: 240_000 }, () => {
  test("a cluster is saved, lost, and made again of what was saved, with three new members", async () => {
    await using site = await Site.open("cli-snapshot");
    await site.leader(ids);
    const file = join(dirname(site.place("n1").dataDir), "backup");
    expect(await site.run("put", "/a", "kept")).toMatchObject({ code: 0 });
    await using client = await site.cluster.connect({ sessionTtlMs: 10_000 });
    const { session } = client;
    const held = await session.create("/held", "mine", { ephemeral: true });
    const watch = await session.watch("/", { kind: "recursive" });
    await session.sync();
    const { token } = watch;
    const before = await site.json<Report>("status");

    expect(await site.run("snapshot", "save", file)).toMatchObject({ code: 0, stdout: says(/bytes$/m) });
    expect(await site.run("snapshot", "save", file)).toMatchObject({ code: 2, stderr: says(/--yes/) });
    expect(await readdir(dirname(file))).not.toContainEqual(expect.stringContaining(".part"));
    expect(await site.run("snapshot", "save", dirname(file), "--yes")).toMatchObject({
      code: 2,
      stderr: says(/is a folder, not a file/),
    });
    for (const wrong of [join(file, "below"), join(dirname(file), "x".repeat(250))])
      expect(await site.run("snapshot", "save", wrong, "--yes")).toMatchObject({
        code: 2,
        stderr: says(/the file cannot be written: E[A-Z]+/),
      });
    expect(await flotilla(["snapshot", "inspect", file, "--tree", "relative"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: says(/ERR_FLOTILLA_BAD_PATH/),
    });
    expect(await flotilla(["snapshot", "inspect", file, "--json", "--tree", "/nope"])).toMatchObject({
      code: 6,
      stdout: "",
      stderr: says(/no node \/nope/),
    });
    const inspected = await flotilla(["snapshot", "inspect", file, "--json", "--tree", "/"]);
    const [facts, ...nodes] = inspected.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Report);
    expect(facts).toMatchObject({
      cluster: "flotilla",
      historyId: before.historyId,
      bytes: (await stat(file)).size,
    });
    expect(nodes).toContainEqual(expect.objectContaining({ path: "/a", value: "kept" }));
    expect(await site.run("put", "/later", "lost")).toMatchObject({ code: 0 });
    await site.kill(...ids);
    for (const id of ids) await rm(site.place(id).dataDir, { recursive: true });

    const { address, dataDir } = site.place("n1");
    const restore = [
      "snapshot",
      "restore",
      file,
      "--data-dir",
      dataDir,
      "--id",
      "n1",
      "--advertise",
      address,
    ];
    expect(await flotilla(restore)).toMatchObject({ code: 2, stderr: says(/is lost.*--yes/s) });
    const restored = await flotilla([...restore, "--now", "--yes", "--json"]);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    const made = JSON.parse(restored.stdout) as Report;
    expect(made.historyId).not.toBe(before.historyId);
    expect(made.revision).toBeGreaterThan(facts?.revision ?? Number.NaN);
    expect(await flotilla([...restore, "--now", "--yes", "--json"])).toEqual(restored);
    expect(await flotilla([...restore, "--yes"])).toMatchObject({
      code: 5,
      stderr: says(/ERR_FLOTILLA_EXISTS/),
    });

    await using first = site.serve(site.place("n1"));
    await first.printed(/listens on/);
    await using second = site.serve(site.place("n2"), "--join", address);
    await using third = site.serve(site.place("n3"), "--join", address);
    await site.become("n1:voter", "n2:voter", "n3:voter");
    expect(await site.run("get", "/a")).toMatchObject({ code: 0, stdout: "kept" });
    expect(await site.run("get", "/held")).toMatchObject({ code: 6 });
    expect(await site.run("get", "/later")).toMatchObject({ code: 6 });
    expect(await site.json("status")).toMatchObject({ historyId: made.historyId, featureLevel: 1 });
    expect(await site.run("compare")).toMatchObject({
      code: 0,
      stdout: says(/^the same after \d+ commands$/m),
    });

    const endpoints = site.cluster.endpoints;
    await using again = await connect({ endpoints, logger: silentLogger });
    const fence = { path: "/held", mzxid: held.stat.mzxid };
    await expect(again.session.put("/x", "", { fence })).rejects.toMatchObject({
      code: "ERR_FLOTILLA_FENCED",
    });
    const resumed = await again.session.watch("/", { kind: "recursive", from: token });
    const { value } = await resumed[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ type: "snapshot" });
    await again.session.create("/held", "anew", { ephemeral: true });
    for (const member of [first, second, third]) member.signal("SIGTERM");
  });

  test("ephemeral nodes wait after a restore, unless that was waived", async () => {
    await using site = await Site.open("cli-snapshot-grace");
    await site.leader(ids);
    const file = join(dirname(site.place("n1").dataDir), "backup");
    expect(await site.run("snapshot", "save", file)).toMatchObject({ code: 0 });
    await site.kill(...ids);
    await rm(site.place("n1").dataDir, { recursive: true });
    const { address, dataDir } = site.place("n1");
    const place = ["--data-dir", dataDir, "--id", "n1", "--advertise", address];
    expect(await flotilla(["snapshot", "restore", file, ...place, "--yes"])).toMatchObject({ code: 0 });
    await using member = site.serve(site.place("n1"));
    await member.printed(/listens on/);
    const refused = await site.run("create", "-e", "/e", "");
    expect(refused).toMatchObject({ code: 3, stderr: says(/ERR_FLOTILLA_GRACE/) });
    expect(await site.run("create", "/p", "")).toMatchObject({ code: 0 });
    member.signal("SIGTERM");
  });

  test("a file that is not whole is refused by name, and nothing is made of it", async () => {
    await using site = await Site.open("cli-snapshot-damaged");
    await site.leader(ids);
    const folder = dirname(site.place("n1").dataDir);
    const file = join(folder, "backup");
    expect(await site.run("snapshot", "save", file)).toMatchObject({ code: 0 });
    await truncate(file, (await readFile(file)).length - 1);
    const place = ["--data-dir", join(folder, "new"), "--id", "m", "--advertise", "127.0.0.1:1", "--yes"];
    for (const damaged of [
      ["inspect", file],
      ["restore", file, ...place],
    ])
      expect(await flotilla(["snapshot", ...damaged])).toMatchObject({
        code: 74,
        stdout: "",
        stderr: says(/ERR_FLOTILLA_DAMAGED/),
      });
    expect(await readdir(folder)).not.toContain("new");
    await writeFile(file, "something else");
    expect(await flotilla(["snapshot", "inspect", file])).toMatchObject({ code: 74, stdout: "" });
    expect(await flotilla(["snapshot", "inspect", join(folder, "none")])).toMatchObject({ code: 2 });
  });
});
