import { setTimeout as pause } from "node:timers/promises";
import type { Coord, CoordNode, StartOptions } from "@flotilla/coord";
import { connect, start, text } from "@flotilla/coord";
import type { Logger } from "@flotilla/runtime";
import { silentLogger } from "@flotilla/runtime";
import { expect } from "vitest";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";

export const secret = "a secret of the cluster";
export const cluster = "besieged";

/** What a member complains about. */
export class Complaints implements Logger {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly debug = (): void => {};
  readonly info = (): void => {};
  readonly warn = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void this.warnings.push(`${message}: ${String(fields["err"])}`);
  readonly error = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void this.errors.push(`${message}: ${String(fields["err"])}`);
}

/** What must not change under bad input. */
export interface Calm {
  readonly revision: number;
  readonly digest: string;
  readonly sessions: number;
}

function calmOf(node: CoordNode): Calm {
  const { revision, digest, sessions } = node.status();
  return { revision, digest, sessions };
}

/** Timers that make a cluster of one lead within a fraction of a second. */
export const hurried = { heartbeatMs: 20, electionTimeoutMs: 200 } as const;

/** A cluster of one on a real socket and a real disk, with a good client that stays. */
export class LoneMember implements AsyncDisposable {
  readonly node: CoordNode;
  readonly complaints: Complaints;
  readonly good: Coord;
  readonly folder: TemporaryFolder;

  private constructor(node: CoordNode, complaints: Complaints, good: Coord, folder: TemporaryFolder) {
    this.node = node;
    this.complaints = complaints;
    this.good = good;
    this.folder = folder;
  }

  static async start(name: string, options: Partial<StartOptions> = {}): Promise<LoneMember> {
    const folder = await TemporaryFolder.create(name);
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const complaints = new Complaints();
    const node = await start({
      id: "n1",
      dataDir: folder.path,
      listen: address,
      bootstrap: [{ id: "n1", address }],
      cluster,
      secret,
      logger: complaints,
      ...hurried,
      sessionTtlMs: 120_000,
      ...options,
    });
    await node.session.sync({ timeoutMs: 30_000 });
    const good = await newcomer(address);
    await good.session.create("/kept", "as it was");
    return new LoneMember(node, complaints, good, folder);
  }

  get address(): string {
    return this.node.address;
  }

  calm(): Calm {
    return calmOf(this.node);
  }

  /** Alive, the same, serving old clients and new ones, and without an error that it did not foresee. */
  async expectUnharmed(before: Calm): Promise<void> {
    await this.#expectServed();
    expect(this.calm()).toEqual(before);
    const fresh = await newcomer(this.address);
    expect(await fresh.session.exists("/kept")).not.toBeNull();
    await fresh.close();
    expect(this.calm()).toEqual(before);
    expect(this.complaints.errors).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.good.close();
    await this.node.close();
    await this.folder[Symbol.asyncDispose]();
  }

  async #expectServed(): Promise<void> {
    expect(this.good.session.state).toBe("connected");
    const node = await this.good.session.get("/kept", { timeoutMs: 30_000 });
    expect(node === null ? null : text(node)).toBe("as it was");
  }
}

/** A client with the right secret. */
export async function newcomer(address: string): Promise<Coord> {
  return connect({
    endpoints: [address],
    cluster,
    secret,
    sessionTtlMs: 120_000,
    connectTimeoutMs: 30_000,
    logger: silentLogger,
  });
}

/** Polls until it holds; the test's own time limit ends a vain wait. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(10);
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.unreachable(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
