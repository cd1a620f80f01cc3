import { mkdir, readdir, rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { flotilla } from "../support/command-line.ts";
import { says, Site } from "../support/site.ts";

const ids = ["n1", "n2", "n3"] as const;
const founders = ids.map((id) => `${id}:voter`);

describe("flotilla members", { timeout: 240_000 }, () => {
  test("a fourth joins as a learner, is promoted and demoted, and is removed with a yes", async () => {
    await using site = await Site.open("cli-members");
    await site.leader(ids);
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
    await using fourth = await site.newcomer("n4", "--join", site.place("n2").address, "--learner");
    await site.become(...founders, "n4:learner");
    expect(await site.run("status")).toMatchObject({
      stdout: says(/4 of 4 members answer; it can lose 1 more/),
    });
    await site.cluster.until(
      "n4 is promoted",
      async () => (await site.run("members", "promote", "n4")).code === 0 || undefined,
    );
    expect(await site.roles()).toEqual([...founders, "n4:voter"]);
    expect(await flotilla(["get", "/a", "--endpoints", fourth.place.address])).toMatchObject({
      code: 0,
      stdout: "1",
    });
    expect(await site.run("transfer", "n4")).toMatchObject({ code: 0, stdout: "n4 leads\n" });

    for (const verb of ["demote", "remove"])
      expect(await site.run("members", verb, "n4")).toMatchObject({
        code: 2,
        stdout: "",
        stderr: says(/--yes/),
      });
    expect(await site.roles()).toContain("n4:voter");
    for (const command of [["members", "remove"], ["members", "demote"], ["leave"], ["transfer"]])
      expect(await site.run(...command, "n9")).toMatchObject({ code: 6, stderr: says(/members ls/) });
    expect(await site.run("members", "promote", "n9")).toMatchObject({ code: 6 });
    // It leads, and goes all the same.
    expect(await site.run("members", "remove", "n4", "--yes")).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining("n4") as string,
    });
    expect(await site.roles()).toEqual(founders);
    expect(await fourth.ended()).toMatchObject({ code: 0, stdout: says(/n4 is no member any more/) });
    expect(await site.run("put", "/a", "2")).toMatchObject({ code: 0 });
    // Its data cannot come back.
    await using again = site.serve(fourth.place);
    expect(await again.ended()).toMatchObject({ code: 0, stdout: says(/n4 is no member any more/) });
  });

  test("a node that waits is added by its address, and by its id if it is that", async () => {
    await using site = await Site.open("cli-add");
    await site.leader(ids);
    await using fourth = await site.newcomer("n4", "--join", "127.0.0.1:1");
    await fourth.printed(/listens on/);
    const { address } = fourth.place;
    expect(await flotilla(["status", "--endpoints", address])).toMatchObject({
      code: 0,
      stdout: says(/n4 belongs to no cluster yet/),
    });
    expect(await site.run("members", "add", `n5=${address}`)).toMatchObject({
      code: 2,
      stderr: says(/n4 answers/),
    });
    expect(await site.run("members", "add", "127.0.0.1:1")).toMatchObject({ code: 3 });
    expect(await site.run("members", "add", `n4=${address}`)).toMatchObject({
      code: 0,
      stdout: says(/^n4 /m),
    });
    await site.become(...founders, "n4:voter");
  });

  test("leave: a leader hands over and stops with 0, and the last two may not go the same way", async () => {
    await using site = await Site.open("cli-leave");
    const leader = await site.leader(ids);
    expect(await site.run("leave", leader)).toMatchObject({ code: 2, stdout: "" });
    expect(await site.run("leave", leader, "--yes")).toMatchObject({
      code: 0,
      stdout: `${leader} left the cluster\n`,
    });
    await site.cluster.member(leader).ended();
    expect(site.cluster.member(leader).log).toMatch(/\[ended: 0\]/);
    const rest = ids.filter((id) => id !== leader);
    expect(await site.roles()).toEqual(rest.map((id) => `${id}:voter`));
    expect(await site.run("leave", leader, "--yes")).toMatchObject({ code: 6 });
    expect(await site.run("leave", rest[0]!, "--yes")).toMatchObject({ code: 0 });
    expect(await site.run("leave", rest[1]!, "--yes")).toMatchObject({ code: 5 });
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
  });
});

describe("flotilla repair --rejoin", { timeout: 240_000 }, () => {
  test("a damaged member comes back with new data, a healthy one is left alone", async () => {
    await using site = await Site.open("cli-repair");
    await site.leader(ids);
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
    const { dataDir } = site.place("n3");
    const repair = (...args: string[]): ReturnType<Site["run"]> =>
      site.run("repair", "--rejoin", "--data-dir", dataDir, ...args);
    expect(await repair("--yes")).toMatchObject({ code: 74, stderr: says(/ERR_FLOTILLA_LOCKED/) });
    await site.kill("n3");
    expect(await repair("--yes")).toMatchObject({ code: 5, stderr: says(/nothing is wrong.*--force/s) });
    await site.damage("n3");
    expect(await repair()).toMatchObject({ code: 2, stdout: "", stderr: says(/kept aside.*--yes/s) });
    expect((await readdir(dataDir)).filter((name) => name.startsWith("aside"))).toEqual([]);
    expect(await repair("--yes")).toMatchObject({ code: 0, stdout: says(/aside-1\nn3 has new data/) });
    expect(await readdir(`${dataDir}/aside-1`)).toContain("identity");
    expect(await site.roles()).toEqual(["n1:voter", "n2:voter", "n3:learner"]);
    // Done again it changes nothing more.
    expect(await repair("--yes")).toMatchObject({ code: 5 });
    site.cluster.member("n3").start();
    await site.become(...founders);
    await site.kill("n1");
    expect(await site.run("put", "/a", "2")).toMatchObject({ code: 0 });
    expect(await flotilla(["get", "/a", "--endpoints", site.place("n3").address])).toMatchObject({
      code: 0,
      stdout: "2",
    });
  });

  test("a wiped member is refused under its old name, shown as such, and comes back", async () => {
    await using site = await Site.open("cli-wiped");
    await site.leader(ids);
    await site.kill("n3");
    const { dataDir } = site.place("n3");
    await rm(dataDir, { recursive: true });
    site.cluster.member("n3").start();
    await site.cluster.until("n3 is seen without its data", async () => {
      const { stdout } = await site.run("status");
      return stdout.includes("n3 is damaged: it does not have the data it was a member with") || undefined;
    });
    await site.kill("n3");
    await rm(dataDir, { recursive: true });
    await mkdir(dataDir);
    expect(await site.run("repair", "--rejoin", "--data-dir", dataDir, "--id", "n2", "--yes")).toMatchObject({
      code: 5,
      stderr: says(/n2 runs, at/),
    });
    expect(await site.run("repair", "--rejoin", "--data-dir", dataDir, "--yes")).toMatchObject({
      code: 2,
      stderr: says(/--id/),
    });
    expect(await site.run("repair", "--rejoin", "--data-dir", dataDir, "--id", "n3", "--yes")).toMatchObject({
      code: 0,
    });
    site.cluster.member("n3").start();
    await site.become(...founders);
  });

  test("needs a majority, and says what else there is", async () => {
    await using site = await Site.open("cli-repair-lost");
    // It goes on believing that it leads for a moment.
    if ((await site.leader(ids)) !== "n1") await site.run("transfer", "n1");
    await site.kill("n2", "n3");
    await site.damage("n3");
    const { dataDir } = site.place("n3");
    const args = [
      "repair",
      "--rejoin",
      "--data-dir",
      dataDir,
      "--yes",
      "--endpoints",
      site.place("n1").address,
    ];
    const ran = await flotilla([...args, "--timeout", "4s"]);
    expect(ran).toMatchObject({ code: 3, stdout: "", stderr: says(/majority.*--force-new-cluster/s) });
    expect((await readdir(dataDir)).filter((name) => name.startsWith("aside"))).toEqual([]);
  });

  test("brings the others into a forced new cluster", async () => {
    await using site = await Site.open("cli-force-rejoin");
    await site.leader(ids);
    expect(await site.run("put", "/a", "kept")).toMatchObject({ code: 0 });
    await site.kill(...ids);
    expect(await site.recover("n1", "--force-new-cluster", "--yes")).toMatchObject({ code: 0 });
    site.cluster.member("n1").start();
    await site.become("n1:voter");
    const { dataDir, address } = site.place("n2");
    const args = ["repair", "--rejoin", "--data-dir", dataDir, "--yes"];
    expect(await site.run(...args)).toMatchObject({ code: 6, stderr: says(/--advertise/) });
    expect(await site.run(...args, "--advertise", address, "--discard")).toMatchObject({ code: 0 });
    site.cluster.member("n2").start();
    await site.become("n1:voter", "n2:voter");
    expect(await flotilla(["get", "/a", "--endpoints", address])).toMatchObject({ code: 0, stdout: "kept" });
  });
});
