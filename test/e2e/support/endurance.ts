import type { Client, Cluster } from "../../jepsen/src/processes/cluster.ts";
import { judgeStream, prepareStreams, Writer } from "./writer.ts";

/** Sessions that live through every round, and sessions that are given up with each. */
const survivorCount = 2;
const mortalCount = 2;
/** Acknowledged writes of each session before the members die; another number every round. */
const leastAcked = 40;
const ackedSpread = 160;

export interface EnduranceOptions {
  readonly rounds: number;
  /** Added to every value of the sessions that are given up in that round. Default 0. */
  readonly paddingBytes?: (round: number) => number;
  /** Called while nothing runs, before the members start again. */
  readonly whileDown?: (round: number) => Promise<void>;
}

/** What became of all rounds. */
export interface EnduranceReport {
  readonly acknowledged: number;
  readonly violations: readonly string[];
}

/** How many rounds to run: `FLOTILLA_ROUNDS`, or `fallback`. */
export function roundsOr(fallback: number): number {
  const asked = Number(process.env["FLOTILLA_ROUNDS"] ?? fallback);
  if (!Number.isInteger(asked) || asked < 1)
    throw new RangeError("FLOTILLA_ROUNDS: expected a number above 0");
  return asked;
}

/**
 * Writes from several sessions, kills all members at once in the middle of it, starts them again, and looks
 * for every write; over and over, until something is wrong. The cluster must be running.
 */
export async function endure(cluster: Cluster, options: EnduranceOptions): Promise<EnduranceReport> {
  const run = new Endurance(cluster);
  await run.open();
  const violations: string[] = [];
  for (let round = 1; round <= options.rounds && violations.length === 0; round += 1) {
    violations.push(...(await run.round(round, options)));
  }
  await run.close();
  return { acknowledged: run.acknowledged, violations };
}

class Endurance {
  readonly #cluster: Cluster;
  readonly #survivors: Writer[] = [];
  readonly #gone: Writer[] = [];
  /** How much of a stream that was given up had taken effect: that never changes again. */
  readonly #lengths = new Map<Writer, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  get acknowledged(): number {
    return [...this.#survivors, ...this.#gone].reduce((sum, { acked }) => sum + acked.size, 0);
  }

  async open(): Promise<void> {
    await using client = await this.#cluster.connect();
    await prepareStreams(client);
    this.#survivors.push(...(await this.#openAll("survivor", survivorCount, 0)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#survivors.map((writer) => writer.close()));
  }

  async round(round: number, { paddingBytes, whileDown }: EnduranceOptions): Promise<string[]> {
    const mortals = await this.#openAll(`round-${round}`, mortalCount, paddingBytes?.(round) ?? 0);
    await this.#writeUntilKilled([...this.#survivors, ...mortals], round);
    for (const writer of this.#survivors) writer.stop();
    await Promise.all(mortals.map((writer) => writer.abandon()));
    this.#gone.push(...mortals);
    await whileDown?.(round);
    this.#cluster.start();
    await using auditor = await this.#cluster.connect();
    await this.#allAnswered();
    return await this.#judge(auditor, round);
  }

  #openAll(name: string, count: number, paddingBytes: number): Promise<Writer[]> {
    const open = (n: number): Promise<Writer> => Writer.open(this.#cluster, `${name}-${n}`, { paddingBytes });
    return Promise.all(Array.from({ length: count }, (_, n) => open(n)));
  }

  async #writeUntilKilled(writers: readonly Writer[], round: number): Promise<void> {
    const before = new Map(writers.map((writer) => [writer, writer.acked.size]));
    const wanted = leastAcked + ((round * 71) % ackedSpread);
    for (const writer of writers) writer.start();
    await this.#cluster.until(
      `${wanted} acknowledged writes of each session in round ${round}`,
      () => writers.every((writer) => writer.acked.size >= (before.get(writer) ?? 0) + wanted) || undefined,
    );
    await this.#cluster.killAll();
  }

  async #allAnswered(): Promise<void> {
    let answered = false;
    void Promise.all(this.#survivors.map((writer) => writer.answered())).then(() => (answered = true));
    await this.#cluster.until(
      "an answer to every write of the sessions that live on",
      () => answered || undefined,
    );
  }

  async #judge(auditor: Client, round: number): Promise<string[]> {
    const violations = [...this.#survivors, ...this.#gone].flatMap(({ failures }) => failures);
    for (const writer of this.#survivors) violations.push(...(await judgeStream(auditor, writer)).violations);
    for (const writer of this.#gone) {
      const judged = await judgeStream(auditor, writer);
      violations.push(...judged.violations);
      const length = this.#lengths.get(writer) ?? judged.length;
      if (length !== judged.length)
        violations.push(`${writer.name}: ${judged.length} writes, before ${length}`);
      this.#lengths.set(writer, judged.length);
    }
    const highest = Math.max(
      0,
      ...[...this.#survivors, ...this.#gone].flatMap(({ acked }) => [...acked.values()].slice(-1)),
    );
    const { revision } = await auditor.session.status();
    if (revision < highest) violations.push(`the tree is at revision ${revision}, below ${highest}`);
    return violations.slice(0, 20).map((text) => `round ${round}: ${text}`);
  }
}
