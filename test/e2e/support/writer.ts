import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { text } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { Found, FoundKey, Judgement, Sent } from "./acknowledged.ts";
import { judgeAcknowledged, plannedWrite, streamKeys } from "./acknowledged.ts";
import type { Client, Cluster } from "../../jepsen/src/processes/cluster.ts";

const keysRoot = "/load";
const appendsRoot = "/order";
/** Writes on their way at once. */
const depth = 24;

/** Makes the parents of all streams. */
export async function prepareStreams(client: Client): Promise<void> {
  await Promise.all([client.session.create(keysRoot), client.session.create(appendsRoot)]);
}

export interface WriterOptions {
  /** Added to every value, bytes. Default 0. */
  readonly paddingBytes?: number;
  /** Default 120,000, which outlives any restart. A silent server is left after a fifth of it. */
  readonly sessionTtlMs?: number;
  /** Rest between two bursts of writes, ms. Default 0. */
  readonly restMs?: number;
}

/** A session that writes a numbered stream, many writes on their way at once, and keeps what it was told. */
export class Writer implements Sent {
  readonly name: string;
  readonly acked: Map<number, number> = new Map();
  readonly #client: Client;
  readonly #padding: string;
  readonly #restMs: number;
  readonly #pending = new Set<Promise<void>>();
  readonly #failures: string[] = [];
  #wake: () => void = () => {};
  #sent = 0;
  #running = false;
  #abandoned = false;

  private constructor(name: string, client: Client, options: WriterOptions) {
    this.name = name;
    this.#client = client;
    this.#padding = " ".repeat(options.paddingBytes ?? 0);
    this.#restMs = options.restMs ?? 0;
  }

  /** Opens the session. */
  static async open(cluster: Cluster, name: string, options: WriterOptions = {}): Promise<Writer> {
    const client = await cluster.connect({ sessionTtlMs: options.sessionTtlMs ?? 120_000 });
    await client.session.create(`${appendsRoot}/${name}`);
    return new Writer(name, client, options);
  }

  get sent(): number {
    return this.#sent;
  }

  get settled(): boolean {
    return !this.#abandoned;
  }

  /** Errors of writes whose session was not given up: there must be none. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Writes until `stop`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Sends nothing more; what is on its way stays there. */
  stop(): void {
    this.#running = false;
    this.#wake();
  }

  /** Resolves once every write was answered, however often its server died meanwhile. */
  async answered(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Gives the session up with all that is on its way: unanswered writes may have happened or not. */
  async abandon(): Promise<void> {
    this.stop();
    this.#abandoned = true;
    await this.#client.session.close({ timeoutMs: 1 });
    await this.answered();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#client.close();
  }

  async #run(): Promise<void> {
    while (this.#running) {
      if (this.#pending.size >= depth) await new Promise<void>((resolve) => (this.#wake = resolve));
      else {
        this.#send(this.#sent);
        // Answers are heard between the writes.
        if (this.#sent % depth === 0) await (this.#restMs > 0 ? pause(this.#restMs) : turn());
      }
    }
  }

  #send(n: number): void {
    this.#sent += 1;
    const write = this.#write(n).finally(() => {
      this.#pending.delete(write);
      this.#wake();
    });
    this.#pending.add(write);
  }

  async #write(n: number): Promise<void> {
    const planned = plannedWrite(n);
    const { session } = this.#client;
    const forever = { timeoutMs: Infinity };
    try {
      const { revision } =
        planned.type === "put"
          ? await session.put(`${keysRoot}/${this.name}-${planned.key}`, `${n}${this.#padding}`, forever)
          : await session.create(`${appendsRoot}/${this.name}/${n}-`, "", { sequential: true, ...forever });
      this.acked.set(n, revision);
    } catch (error) {
      if (!this.#abandoned || !FlotillaError.is(error))
        this.#failures.push(`${this.name}: write ${n}: ${String(error)}`);
    }
  }
}

/** Reads what the tree holds of a stream, linearizable, and judges it. */
export async function judgeStream(client: Client, stream: Sent): Promise<Judgement> {
  return judgeAcknowledged(stream, await findStream(client, stream.name));
}

async function findStream({ session }: Client, name: string): Promise<Found> {
  const [nodes, names] = await Promise.all([
    Promise.all(streamKeys.map((key) => session.get(`${keysRoot}/${name}-${key}`))),
    appendedTo(session, `${appendsRoot}/${name}`),
  ]);
  const found = new Map<string, FoundKey>();
  for (const [position, key] of streamKeys.entries()) {
    const node = nodes[position] ?? null;
    if (node === null) continue;
    found.set(key, { value: Number(text(node)), version: node.stat.version, mzxid: node.stat.mzxid });
  }
  const numbers = names.map((child) => child.split("-").map(Number));
  const inOrder = numbers.toSorted(([, a = 0], [, b = 0]) => a - b);
  return { keys: found, appended: inOrder.map(([n = -1]) => n) };
}

async function appendedTo(session: Client["session"], path: string): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const page = await session.children(path, after === undefined ? {} : { after });
    names.push(...(page?.names ?? []));
    after = page?.next ?? null;
  }
  return names;
}
