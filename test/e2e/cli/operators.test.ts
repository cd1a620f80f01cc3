import { writeFile } from "node:fs/promises";
import { silentLogger } from "@flotilla/runtime";
import { realHost } from "@flotilla/runtime/real";
import { describe, expect, test } from "vitest";
import { poison } from "../../../packages/coord/test/server/poison.ts";
import { flotilla } from "../support/command-line.ts";
import { says, Site } from "../support/site.ts";
import { Observers } from "../../jepsen/src/processes/status.ts";

const ids = ["n1", "n2", "n3"] as const;

describe("flotilla transfer", { timeout: 240_000 }, () => {
  test("hands leadership to the one named, to the closest without a name, and refuses strangers", async () => {
    await using site = await Site.open("cli-transfer");
    const before = await site.leader(ids);
    const to = ids.find((id) => id !== before) ?? "";
    expect(await site.run("transfer", to)).toMatchObject({ code: 0, stdout: `${to} leads\n`, stderr: "" });
    const { leader } = await site.json<{ leader: string }>("transfer");
    expect(leader).not.toBe(to);
    expect(await site.json("members", "ls")).toMatchObject({
      members: ids.map((id) => ({ id, role: "voter" })),
    });
    expect(await site.run("transfer", "n9")).toMatchObject({
      code: 6,
      stdout: "",
      stderr: expect.stringContaining("n9 is no member") as unknown,
    });
  });
});

test("flotilla status tells who else answers in the place of a member, and who does not talk to it", async () => {
  await using site = await Site.open("cli-status");
  await site.leader(ids);
  await site.kill("n3");
  const place = site.place("n3");
  const seen = (pattern: RegExp): Promise<true> =>
    site.cluster.until(String(pattern), async () =>
      pattern.test((await site.run("status")).stdout) ? true : undefined,
    );
  {
    const stranger = { ...place, id: "n9", dataDir: `${place.dataDir}-n9` };
    await using _n9 = site.serve(stranger, "--join", site.place("n1").address);
    await seen(/^n3 +\S+ +elsewhere [\s\S]*^n3 is elsewhere: node n9 answers at its address$/m);
  }
  await writeFile(`${place.dataDir}.secret`, "another");
  await using _n3 = site.serve(place, "--secret-file", `${place.dataDir}.secret`);
  await seen(/^n3 +\S+ +refused [\s\S]*^n3 is refused: .* the other side has a secret, this side has none$/m);
}, 240_000);

describe("a damaged member", { timeout: 240_000 }, () => {
  test("stays up to say what is wrong, serves nobody, and ends with 74 when told to", async () => {
    await using site = await Site.open("cli-damaged");
    await site.leader(ids);
    expect(await site.run("put", "/a", "1")).toMatchObject({ code: 0 });
    await site.kill("n3");
    await site.damage("n3");
    const { address } = site.place("n3");
    site.cluster.member("n3").start();
    const seen = await site.cluster.until("a damaged member that answers", async () => {
      const ran = await site.run("status");
      return ran.stdout.includes("n3 is damaged") ? ran.stdout : undefined;
    });
    expect(seen).toMatch(/2 of 3 members answer; it can lose 0 more/);
    expect(seen).toMatch(/^n3 .* damaged /m);
    expect(seen).toMatch(/flotilla repair --rejoin/);
    const alone = await flotilla(["status", "--endpoints", address]);
    expect(alone).toMatchObject({ code: 0, stdout: says(/^n3 of cluster flotilla is damaged: /) });
    expect(await flotilla(["get", "/a", "--endpoints", address])).toMatchObject({ code: 3, stdout: "" });
    expect(await site.run("get", "/a")).toMatchObject({ code: 0, stdout: "1" });
    site.cluster.member("n3").signal("SIGTERM");
    await site.cluster.member("n3").ended();
    expect(site.cluster.member("n3").log).toMatch(/ERR_FLOTILLA_DAMAGED[\s\S]*\[ended: 74\]/);
    expect(await site.recover("n3")).toMatchObject({ code: 74, stdout: "" });
  });
});

describe("flotilla recover --force-new-cluster", { timeout: 240_000 }, () => {
  test("after two of three are gone, one goes on alone, with what it had", async () => {
    await using site = await Site.open("cli-force");
    await site.leader(ids);
    expect(await site.run("put", "/a", "kept")).toMatchObject({ code: 0 });
    expect(await site.recover("n1", "--force-new-cluster", "--yes")).toMatchObject({
      code: 74,
      stderr: says(/ERR_FLOTILLA_LOCKED/),
    });
    await site.kill(...ids);
    expect(await site.recover("n1")).toMatchObject({
      code: 0,
      stdout: says(/^n1 of cluster .*members: n1, n2, n3$/ms),
    });
    // Nobody can be asked here.
    const refused = await site.recover("n1", "--force-new-cluster");
    expect(refused).toMatchObject({
      code: 2,
      stdout: "",
      stderr: says(/is lost: whatever n2, n3 has.*--yes/s),
    });
    expect(await site.recover("n1", "--force-new-cluster", "--skip-entry", "3", "--yes")).toMatchObject({
      code: 2,
    });
    expect(await site.recover("n1", "--force-new-cluster", "--yes", "--id", "n2")).toMatchObject({
      code: 74,
    });
    const ran = await site.recover("n1", "--force-new-cluster", "--yes", "--json");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const { historyId } = JSON.parse(ran.stdout) as { historyId: string };
    expect(JSON.parse(ran.stdout)).toMatchObject({ id: "n1", without: ["n2", "n3"] });

    site.cluster.start();
    expect(await site.run("get", "/a", "--endpoints", site.place("n1").address)).toMatchObject({
      code: 0,
      stdout: "kept",
    });
    // A leader whose disk hangs in between leads again later.
    const status = await site.cluster.until("a leader that is alone", async () => {
      const { stdout } = await flotilla(["status", "--json", "--endpoints", site.place("n1").address]);
      return (JSON.parse(stdout) as { leader: string | null }).leader === null ? undefined : stdout;
    });
    expect(JSON.parse(status)).toMatchObject({ leader: "n1", historyId, members: [{ id: "n1" }] });
    // The others make a quorum of the old history: two clusters, which never mix.
    const other = await site.cluster.until("a member of the old history that answers", async () => {
      const { stdout } = await flotilla(["status", "--json", "--endpoints", site.place("n2").address]);
      return stdout === "" ? undefined : (JSON.parse(stdout) as unknown);
    });
    expect(other).not.toMatchObject({ historyId });
    const ofOther = await flotilla(["status", "--endpoints", site.place("n2").address]);
    expect(ofOther.stdout).toMatch(/^n1 +\S+ +elsewhere /m);
    expect(ofOther.stdout).toMatch(/^n1 is elsewhere: .* another history .*, which n1 leads$/m);
    // Alone, what is left of the old history is not asked first, nor taken for members that differ.
    await site.kill("n3");
    await site.cluster.until("a member of the old history without a leader", async () => {
      const { stdout } = await flotilla(["status", "--json", "--endpoints", site.place("n2").address]);
      return stdout === "" || (JSON.parse(stdout) as { leader: unknown }).leader !== null
        ? undefined
        : stdout;
    });
    for (let k = 0; k < 6; k += 1)
      expect(JSON.parse((await site.run("status", "--json")).stdout)).toMatchObject({ historyId });
    expect(
      await flotilla(["compare", "--endpoints", site.place("n2").address, "--timeout", "30s"]),
    ).toMatchObject({
      code: 0,
      stdout: says(/^the same after \d+ commands; 2 did not answer$/m),
    });
  });

  test("is refused where nothing is", async () => {
    expect(await flotilla(["recover", "--data-dir", "/no/such/place"])).toMatchObject({
      code: 6,
      stdout: "",
    });
    expect(await flotilla(["recover", "--force-new-cluster"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("flotilla recover --skip-entry", { timeout: 240_000 }, () => {
  test("lets a cluster go on that an entry stopped", async () => {
    await using site = await Site.open("cli-skip");
    await site.leader(ids);
    expect(await site.run("put", "/a", "before")).toMatchObject({ code: 0 });
    await site.kill("n1");
    const { dataDir, address } = site.place("n1");
    const others = ["n2", "n3"].map((id) => site.cluster.member(id));
    const host = realHost({ directory: dataDir, logger: silentLogger });
    const places = ["n2", "n3"].map((id) => site.place(id).address);
    await poison(host, { id: "n1", address, others: places }, () => others.every((each) => !each.isRunning));
    const stops = /entry (\d+) of term \d+ stops the state machine/;
    const index = stops.exec(others[0]!.log)?.[1] ?? "";
    for (const other of others) {
      expect(other.log).toMatch(new RegExp(`entry ${index} of .*hint: .*--skip-entry`, "s"));
      expect(other.log).toMatch(/\[ended: 1\]/);
    }
    for (const id of ids) {
      expect(await site.recover(id)).toMatchObject({
        code: 0,
        stdout: says(new RegExp(`entry ${index} of`)),
      });
      const wrong = await site.recover(id, "--skip-entry", String(Number(index) - 1), "--yes");
      expect(wrong).toMatchObject({ code: 5, stderr: says(new RegExp(`entry ${index} does`)) });
      expect(await site.recover(id, "--skip-entry", index)).toMatchObject({ code: 2, stdout: "" });
      expect(await site.recover(id, "--skip-entry", index, "--yes")).toMatchObject({ code: 0, stderr: "" });
      expect(await site.recover(id)).toMatchObject({
        code: 0,
        stdout: expect.not.stringContaining("stops") as string,
      });
    }
    site.cluster.start();
    await site.leader(ids);
    expect(await site.run("get", "/a")).toMatchObject({ code: 0, stdout: "before" });
    expect(await site.run("put", "/a", "after")).toMatchObject({ code: 0 });
    await using observers = await Observers.open(site.cluster);
    await observers.converged();
  });
});
