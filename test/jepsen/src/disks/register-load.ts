import { connect } from "@flotilla/coord/client";
import { HistoryWriter } from "@flotilla/history";
import { realClientHost } from "@flotilla/runtime/real/client";
import { silentLogger } from "@flotilla/runtime";
import { keyedRandom } from "@flotilla/runtime/sim";
import { Recorder } from "../clients/recorder.ts";
import { readAll, RegisterClient } from "../clients/register-client.ts";
import { pathsIn, RegisterPaths, registerRoot } from "../clients/register-paths.ts";
import type { Coord } from "../clients/session-client.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Cluster } from "../processes/cluster.ts";
import { until } from "../processes/until.ts";

const clientCount = 3;

/** How a run of one disk fault is drawn. */
export interface DiskRunOptions {
  readonly name: string;
  readonly seed: number;
  readonly nodes: number;
  /** How often the fault strikes. */
  readonly times: number;
  /** Gets the history and the report; null: nobody does. */
  readonly outFolder: string | null;
}

/** Clients on registers of one cluster, counted by what was acknowledged to them, and the history they leave. */
export class RegisterLoad {
  readonly plan: Plan;
  readonly history: HistoryWriter;
  readonly #recorder: Recorder;
  readonly #cluster: Cluster;
  readonly #paths: RegisterPaths;
  #clients: readonly RegisterClient[] = [];
  #shifts = 0;

  constructor({ name, seed, nodes }: DiskRunOptions, cluster: Cluster) {
    this.plan = makePlan({ name, seed, nodes, workload: "register", kinds: [], loadMs: 0 });
    this.history = new HistoryWriter({ clock: "monotonic", seed, name });
    const startMs = performance.now();
    const nowNs = (): number => Math.floor((performance.now() - startMs) * 1e6);
    this.#recorder = new Recorder(this.history, nowNs);
    this.#cluster = cluster;
    this.#paths = new RegisterPaths(clientCount * this.plan.lanes, nowNs);
  }

  /** Makes the root of all registers. */
  async prepare(): Promise<void> {
    await using client = await this.#cluster.connect();
    await client.session.create(registerRoot, "");
  }

  start(): void {
    this.#shifts += 1;
    const { plan } = this;
    const random = keyedRandom(plan.seed, "disk-clients");
    this.#clients = Array.from({ length: clientCount }, (_, k) => {
      const name = `c${k}.${this.#shifts}`;
      const host = realClientHost({ logger: silentLogger });
      const { endpoints } = this.#cluster;
      const options = { endpoints, sessionTtlMs: plan.sessionTtlMs, logger: silentLogger, host };
      const open = (signal: AbortSignal): Promise<Coord> => connect({ ...options, signal });
      return new RegisterClient(
        { name, plan, open, random: random.fork(name) },
        "reads-and-writes",
        this.#paths,
        this.#recorder,
      );
    });
    for (const client of this.#clients) client.start();
  }

  /** Waits until so many more writes were acknowledged; what the members say when that never comes, else null. */
  async progress(writes: number): Promise<string | null> {
    const cluster = this.#cluster;
    const goal = this.#recorder.acknowledged + writes;
    const probe = (): true | undefined => (this.#recorder.acknowledged >= goal ? true : undefined);
    const witness = { hopeless: () => this.#isRefused(), diagnose: () => cluster.diagnose() };
    return until(`${writes} more writes`, probe, witness).then(
      () => null,
      (error: unknown) => String(error),
    );
  }

  #isRefused(): boolean {
    return this.#cluster.members.some(({ failed, log }) => failed || log.includes(", damaged: "));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
  }

  /**
   * Reads every register; those that were not answered, once a member ended by itself or refuses its data.
   * @throws FlotillaError as a session does
   */
  async readAll(): Promise<readonly string[]> {
    await using client = await connect({ endpoints: this.#cluster.endpoints, logger: silentLogger });
    return await readAll(this.#recorder, client.session, pathsIn(this.history), () => this.#isRefused());
  }
}

/** Waits for what a member comes to, on a machine that may be busy with everything else. */
export function outcomeOf<T>(
  cluster: Cluster,
  what: string,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  return until(what, probe, { hopeless: () => false, diagnose: () => cluster.diagnose() });
}
