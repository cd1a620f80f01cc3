import { join } from "node:path";
import type { ConnectOptions, SessionOptions } from "@flotilla/coord/client";
import { connect } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import { flotillaBinary, MemberProcess } from "./member-process.ts";
import { pinnedHost } from "./pinned-host.ts";
import { freePorts } from "./ports.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { patienceMs, until } from "./until.ts";

export type Client = Awaited<ReturnType<typeof connect>>;

export interface ClusterOptions {
  /** Script of the member program; takes what `flotilla serve` takes. Default: the shipped binary. */
  readonly program?: string;
  /** Founders: `n1` and so on. Default 3. */
  readonly nodes?: number;
  /** Members that may join later, named on from the founders. Default 0. */
  readonly spares?: number;
  /** Where each member lives. Default: on loopback, at a free port each. */
  readonly siteOf?: (id: string) => MemberSite;
  /** More arguments for every member. */
  readonly arguments?: readonly string[];
  /** Where what members print and their traces are kept as `ID.log` and `ID.trace`. Default: nowhere. */
  readonly logFolder?: string;
  readonly env?: (member: MemberPlace, life: number) => Readonly<Record<string, string>>;
}

/** Where a member lives, for others and for itself. */
export interface MemberSite {
  readonly address: string;
  /** How it is told where to listen. Default: there. */
  readonly listen?: readonly string[];
  /** Words before its command. Default: none. */
  readonly launcher?: readonly string[];
}

export interface MemberPlace {
  readonly id: string;
  readonly address: string;
  readonly dataDir: string;
}

/** Members in processes of their own, with data in a temporary folder. */
export class Cluster implements AsyncDisposable {
  /** Of founders, then of spares. */
  readonly places: readonly MemberPlace[];
  readonly members: readonly MemberProcess[];
  readonly #folder: TemporaryFolder;
  readonly #founders: number;

  private constructor(
    folder: TemporaryFolder,
    founders: number,
    places: readonly MemberPlace[],
    members: readonly MemberProcess[],
  ) {
    this.#folder = folder;
    this.#founders = founders;
    this.places = places;
    this.members = members;
  }

  /** Nothing runs yet. */
  static async create(name: string, options: ClusterOptions = {}): Promise<Cluster> {
    const folder = await TemporaryFolder.create(name);
    const { program = flotillaBinary, nodes = 3, spares = 0, arguments: more = [], env, logFolder } = options;
    const ids = Array.from({ length: nodes + spares }, (_, position) => `n${position + 1}`);
    const sites = await sitesOf(ids, options);
    const places = ids.map((id, position) => ({
      id,
      address: sites[position]?.address ?? "",
      dataDir: join(folder.path, id),
    }));
    const bootstrap = places.slice(0, nodes).map(({ id, address }) => `${id}=${address}`);
    const members = places.map((place, position) => {
      const { id, address, dataDir } = place;
      const { listen = ["--listen", address], launcher = [] } = sites[position] ?? {};
      const others = places.filter((other) => other !== place).map((other) => other.address);
      const birth = position < nodes ? ["--bootstrap", bootstrap.join(",")] : ["--join", others.join(",")];
      const flags = ["--id", id, "--data-dir", dataDir, ...listen, ...birth];
      const trace = logFolder === undefined ? [] : ["--trace", join(logFolder, `${id}.trace`)];
      return new MemberProcess({
        id,
        launcher,
        command: [program, "serve", ...flags, ...trace, ...more],
        ...(logFolder === undefined ? {} : { logFile: join(logFolder, `${id}.log`) }),
        ...(env === undefined ? {} : { env: (life) => env(place, life) }),
      });
    });
    return new Cluster(folder, nodes, places, members);
  }

  get founders(): readonly MemberPlace[] {
    return this.places.slice(0, this.#founders);
  }

  /** Of the founders. */
  get endpoints(): string[] {
    return this.founders.map(({ address }) => address);
  }

  /** The founders. */
  start(): void {
    for (const member of this.members.slice(0, this.#founders)) member.start();
  }

  member(id: string): MemberProcess {
    const found = this.members.find((member) => member.id === id);
    if (found === undefined) throw new RangeError(`no member ${id}`);
    return found;
  }

  /** SIGKILL to all, one right after the other; resolves once all are gone. */
  async killAll(): Promise<void> {
    for (const member of this.members) member.signal("SIGKILL");
    await Promise.all(this.members.map((member) => member.ended()));
  }

  /** A session over all members, or over those given. Failing says what the members printed. */
  async connect(options: Omit<Partial<ConnectOptions>, "signal"> = {}): Promise<Client> {
    const hurry = new AbortController();
    const watch = setInterval(() => this.members.some(({ failed }) => failed) && hurry.abort(), 200);
    try {
      return await connect({
        endpoints: this.endpoints,
        connectTimeoutMs: patienceMs,
        logger: silentLogger,
        ...options,
        signal: hurry.signal,
      });
    } catch (error) {
      throw new Error(`no session\n${this.diagnose()}`, { cause: error });
    } finally {
      clearInterval(watch);
    }
  }

  /** A session that stays at this member. */
  connectTo({ address }: MemberPlace, options: SessionOptions = {}): Promise<Client> {
    return this.connect({ ...options, endpoints: [address], host: pinnedHost(address) });
  }

  /** Waits as `until` does; fails at once when a member ended by itself, with what all of them and `diagnose` say. */
  async until<T>(
    what: string,
    probe: () => Promise<T | undefined> | T | undefined,
    diagnose: () => string | Promise<string> = () => "",
  ): Promise<T> {
    return until(what, probe, {
      hopeless: () => this.members.some(({ failed }) => failed),
      diagnose: async () => `${this.diagnose()}\n${await diagnose()}`,
    });
  }

  /** What every member printed last. */
  diagnose(): string {
    return this.members.map((member) => member.log).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
    await this.#folder[Symbol.asyncDispose]();
  }
}

async function sitesOf(ids: readonly string[], { siteOf }: ClusterOptions): Promise<readonly MemberSite[]> {
  if (siteOf !== undefined) return ids.map(siteOf);
  const ports = await freePorts(ids.length);
  return ports.map((port) => ({ address: `127.0.0.1:${port}` }));
}
