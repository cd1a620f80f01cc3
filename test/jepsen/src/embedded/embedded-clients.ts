import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { HistoryWriter } from "@flotilla/history";
import type { Plan } from "../plan/plan.ts";
import { embeddedClients, memberIds } from "../plan/plan.ts";
import type { Cluster, MemberPlace } from "../processes/cluster.ts";
import { until } from "../processes/until.ts";
import { readJournal } from "./journal.ts";
import type { Orders, Word } from "./orders.ts";
import { isWord, ordersVariable } from "./orders.ts";

/** An app with a member in it, in the place of the shipped binary; compiled like that. */
const app = resolve(import.meta.dirname, "../../dist/embedded/main.js");

/** The clients of a plan that are within members, over as many lives as these have. */
export class EmbeddedClients {
  readonly #plan: Plan;
  readonly #folder: string;
  readonly #numbers: readonly number[];
  readonly #journals: string[] = [];
  #beganNs: string | null = null;

  /** @param folder where their notes go */
  constructor(plan: Plan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.#numbers = embeddedClients(plan);
  }

  /** What members run; undefined: the shipped binary. */
  get program(): string | undefined {
    return this.#numbers.length === 0 ? undefined : app;
  }

  /** Environment of one life of a member. */
  env({ id }: MemberPlace, life: number): Record<string, string> {
    if (this.#numbers.length === 0) return {};
    const prefix = `${id}.${life}.`;
    const journal = join(this.#folder, `${prefix}journal`);
    this.#journals.push(journal);
    // Whoever joins has clients as one of the founders has.
    const position = memberIds(this.#plan).indexOf(id);
    const orders: Orders = {
      plan: this.#plan,
      clients: this.#numbers.filter((number) => number % this.#plan.nodes === position % this.#plan.nodes),
      prefix,
      journal,
      beganNs: this.#beganNs,
    };
    return { [ordersVariable]: JSON.stringify(orders) };
  }

  /** Has them begin, and those of later lives with their life. @param beganNs `process.hrtime` that is 0 in the history */
  begin(cluster: Cluster, beganNs: bigint): void {
    if (this.#numbers.length === 0) return;
    this.#beganNs = String(beganNs);
    const word: Word = { type: "begin", beganNs: this.#beganNs };
    for (const member of cluster.members) member.send(word);
  }

  /** Resolves once all that they began has ended. */
  async stop(cluster: Cluster): Promise<void> {
    if (this.#numbers.length === 0) return;
    const stopped = new Set<string>();
    const word: Word = { type: "stop" };
    for (const member of cluster.members) {
      member.onMessage((message) => {
        if (isWord(message) && message.type === "stopped") stopped.add(member.id);
      });
      if (member.isRunning) member.send(word);
    }
    // A member that has ended is judged for that; there is nothing to wait for.
    await until(
      "clients within members to stop",
      () => cluster.members.every(({ id, isRunning }) => stopped.has(id) || !isRunning) || undefined,
      { hopeless: () => false, diagnose: () => cluster.diagnose() },
    );
  }

  /** Everything they noted, also in lives that were cut short. */
  tell(history: HistoryWriter): void {
    for (const journal of this.#journals)
      if (existsSync(journal)) history.absorb(readJournal(readFileSync(journal, "utf8")));
  }
}
