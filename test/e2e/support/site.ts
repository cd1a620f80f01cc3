import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Ran } from "./command-line.ts";
import { CommandLine, flotilla } from "./command-line.ts";
import type { MemberPlace } from "../../jepsen/src/processes/cluster.ts";
import { Cluster } from "../../jepsen/src/processes/cluster.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { Observers } from "../../jepsen/src/processes/status.ts";

/** A running cluster of three, and what an operator types. */
export class Site implements AsyncDisposable {
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

  place(id: string): MemberPlace {
    const found = this.cluster.places.find((place) => place.id === id);
    if (found === undefined) throw new RangeError(`no member ${id}`);
    return found;
  }

  /** A node that is no founder, on a directory of its own beside the others'. */
  async newcomer(id: string, ...args: string[]): Promise<CommandLine & { readonly place: MemberPlace }> {
    const [port] = await freePorts(1);
    const place = { id, address: `127.0.0.1:${port}`, dataDir: join(this.place("n1").dataDir, "..", id) };
    return Object.assign(this.serve(place, ...args), { place });
  }

  serve({ id, address, dataDir }: MemberPlace, ...args: string[]): CommandLine {
    return new CommandLine(["serve", "--id", id, "--data-dir", dataDir, "--listen", address, ...args]);
  }

  /** The members by the leader's word, as `id:role`. */
  async roles(): Promise<string[]> {
    const { members } = await this.json<{ members: { id: string; role: string }[] }>("members", "ls");
    return members.map(({ id, role }) => `${id}:${role}`);
  }

  /** Waits until the members are these. */
  async become(...roles: string[]): Promise<void> {
    await this.cluster.until(roles.join(), async () => {
      const ran = await this.run("members", "ls", "--json");
      if (ran.code !== 0) return undefined;
      const { members } = JSON.parse(ran.stdout) as { members: { id: string; role: string }[] };
      return members.map(({ id, role }) => `${id}:${role}`).join() === roles.join() || undefined;
    });
  }

  /** What an operator does with the data of a stopped member. */
  recover(id: string, ...args: string[]): Promise<Ran> {
    return flotilla(["recover", "--data-dir", this.place(id).dataDir, ...args]);
  }

  async kill(...ids: string[]): Promise<void> {
    for (const id of ids) this.cluster.member(id).signal("SIGKILL");
    await Promise.all(ids.map((id) => this.cluster.member(id).ended()));
  }

  /** Cuts everything that the database of a stopped member wrote. */
  async damage(id: string): Promise<void> {
    const entries = await readdir(this.place(id).dataDir, { recursive: true, withFileTypes: true });
    const written = entries.filter((entry) => entry.isFile() && /\.(?:log|ldb)$/.test(entry.name));
    expect(written.length).toBeGreaterThan(0);
    for (const file of written) await truncate(join(file.parentPath, file.name), 0);
  }

  async leader(among: readonly string[]): Promise<string> {
    await using observers = await Observers.open(this.cluster);
    return await observers.leader(among);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** A text that matches, for `toMatchObject`. */
export function says(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string;
}
