import fc from "fast-check";
import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { Cluster } from "./cluster.ts";

const timeoutMs = 600_000;

type Step =
  | { readonly type: "write" | "own-write" | "read" | "move" | "heal" }
  | { readonly type: "lag"; readonly member: number }
  | { readonly type: "pass"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ type: "write" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "own-write" }) },
  { weight: 5, arbitrary: fc.constant<Step>({ type: "read" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ type: "move" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "heal" }) },
  { weight: 2, arbitrary: fc.nat(2).map<Step>((member) => ({ type: "lag", member })) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 200 }).map<Step>((ms) => ({ type: "pass", ms })) },
);

/** Reads of a session, each held against what the session had seen when it was asked. */
class Judge {
  readonly faults: string[] = [];
  answered = 0;
  readonly #session: Session;
  #seen = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  async write(): Promise<void> {
    const { revision } = await this.#session.put("/w", "own", { timeoutMs });
    this.#seen = Math.max(this.#seen, revision);
  }

  async read(): Promise<void> {
    const seen = this.#seen;
    const node = await this.#session.get("/w", { level: "local", timeoutMs });
    const shown = node?.stat.mzxid ?? 0;
    if (shown < seen) this.faults.push(`a read shows ${shown}, and ${seen} was seen`);
    this.#seen = Math.max(this.#seen, shown);
    this.answered += 1;
  }
}

/** A session that goes from member to member, and a member that hears nothing new from the others for a while. */
class Play {
  readonly judge: Judge;
  readonly #cluster: Cluster;
  readonly #other: Session;
  readonly #machine: string;
  readonly #waits: Promise<unknown>[] = [];

  constructor(
    cluster: Cluster,
    other: Session,
    own: { readonly session: Session; readonly machine: string },
  ) {
    this.#cluster = cluster;
    this.#other = other;
    this.#machine = own.machine;
    this.judge = new Judge(own.session);
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.judge.faults.length = 0;
    for (const next of steps) await this.#perform(next);
    this.#cluster.kernel.network.healAll();
    await this.#cluster.until(Promise.all(this.#waits.splice(0)));
  }

  async #perform(next: Step): Promise<void> {
    const { ids, kernel } = this.#cluster;
    switch (next.type) {
      case "write":
        this.#waits.push(this.#other.put("/w", "other", { timeoutMs }));
        return;
      case "own-write":
        this.#waits.push(this.judge.write());
        return;
      case "read":
        this.#waits.push(this.judge.read());
        return;
      case "move":
        for (const id of ids) kernel.network.reset(this.#machine, id);
        return;
      case "lag": {
        kernel.network.healAll();
        const behind = ids[next.member] ?? "n1";
        for (const id of ids) if (id !== behind) kernel.network.cut(id, behind);
        return;
      }
      case "heal":
        kernel.network.healAll();
        return;
      default:
        await this.#cluster.pass(next.ms);
    }
  }
}

test("no local read shows less than its session has seen, whichever member it goes to", async () => {
  const cluster = new Cluster(3);
  await cluster.start();
  const other = await cluster.client();
  const machines = new Set(cluster.kernel.nodes().map(({ name }) => name));
  const own = await cluster.client();
  const machine = cluster.kernel.nodes().find(({ name }) => !machines.has(name));
  await cluster.until(other.put("/w", ""));
  const play = new Play(cluster, other, { session: own, machine: machine?.name ?? "" });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80 }), async (steps) => {
      await play.run(steps);
      expect(play.judge.faults).toEqual([]);
    }),
    { numRuns: 50 },
  );
  expect(play.judge.answered).toBeGreaterThan(100);
}, 240_000);
