import { describe, expect, test } from "vitest";
import { flotilla } from "../support/command-line.ts";
import { Cluster } from "../support/cluster.ts";
import { Observers } from "../support/status.ts";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running cluster of three, and what an operator types. */
class Site implements AsyncDisposable {
  readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async open(name: string): Promise<Site> {
    const cluster = await Cluster.create(name);
    cluster.start();
    return new Site(cluster);
  }

  run(...args: string[]): Promise<Ran> {
    return flotilla([...args, "--endpoints", this.cluster.endpoints.join(","), "--timeout", "30s"]);
  }

  /** The value that a command printed. @throws what it printed instead */
  async json<T>(...args: string[]): Promise<T> {
    const ran = await this.run(...args, "--json");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    return JSON.parse(ran.stdout) as T;
  }

  async leader(among: readonly string[]): Promise<string> {
    await using observers = await Observers.open(this.cluster);
    return await observers.leader(among);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

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
