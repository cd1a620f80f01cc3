import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "@flotilla/coord/client";
import { HistoryWriter } from "@flotilla/history";
import { silentLogger } from "@flotilla/runtime";
import { keyedRandom } from "@flotilla/runtime/sim";
import { BeliefBook } from "../clients/belief-book.ts";
import { Recorder } from "../clients/recorder.ts";
import { readAll, RegisterClient } from "../clients/register-client.ts";
import { RegisterPaths, registerRoot } from "../clients/register-paths.ts";
import type { SessionClient } from "../clients/session-client.ts";
import type { Work } from "../clients/work.ts";
import { WorksClient } from "../clients/works-client.ts";
import { worksOf } from "../clients/works.ts";
import { Clocks } from "../faults/clocks.ts";
import { Disks } from "../faults/disks.ts";
import { Injector } from "../faults/injector.ts";
import { Roster } from "../faults/roster.ts";
import type { Plan } from "../plan/plan.ts";
import { memberIds } from "../plan/plan.ts";
import type { Links } from "../processes/links.ts";
import type { Network } from "./open-links.ts";
import { openLinks } from "./open-links.ts";
import { joined } from "../processes/preload.ts";
import { TemporaryFolder } from "../processes/temporary-folder.ts";
import type { RunReport } from "../report/report.ts";
import { makeReport } from "../report/report.ts";
import { timeline } from "../report/timeline.ts";
import type { Broken } from "../verdict/judge.ts";
import { judgeExits, judgeFile } from "../verdict/judge.ts";
import { haveConverged, viewsOf } from "./views.ts";

const pollMs = 100;
/** Ends what will never agree. Generous: a machine may be busy with everything else. */
const convergenceMs = 120_000;
const memberFlags = ["--election-timeout", "600ms", "--snapshot-entries", "2000"];

/**
 * Runs a plan with processes of its own and judges what came of it.
 * @param outFolder where everything is left; null: nowhere
 * @param network in which members meet; `namespaces` only in a process in a network of its own
 */
export async function runPlan(
  plan: Plan,
  outFolder: string | null = null,
  network: Network = "proxies",
): Promise<RunReport> {
  if (outFolder !== null) mkdirSync(outFolder, { recursive: true });
  await using folder = await TemporaryFolder.create("jepsen");
  const ids = memberIds(plan);
  const disks = await Disks.create(plan, ids, folder.path);
  const clocks = await Clocks.create(plan, ids, folder.path);
  await using linked = await openLinks(network, {
    nodes: plan.nodes,
    spares: plan.spares,
    arguments: memberFlags,
    env: (place, life) => joined(disks.env(place, life), clocks.env(place.id)),
    ...(outFolder === null ? {} : { logFolder: outFolder }),
  });
  const run = new Run(plan, linked, disks, clocks);
  const violations = await run.perform();
  return run.report(violations, network, outFolder);
}

class Run {
  readonly #plan: Plan;
  readonly #linked: Links;
  readonly #roster: Roster;
  readonly #history: HistoryWriter;
  readonly #recorder: Recorder;
  readonly #beliefs: BeliefBook;
  readonly #works: readonly Work[];
  readonly #injector: Injector;
  #startMs = performance.now();

  constructor(plan: Plan, linked: Links, disks: Disks, clocks: Clocks) {
    this.#plan = plan;
    this.#linked = linked;
    this.#roster = new Roster(linked.cluster);
    this.#history = new HistoryWriter({ clock: "monotonic", seed: plan.seed, name: plan.name });
    const nowNs = (): number => Math.floor(this.#nowMs() * 1e6);
    this.#recorder = new Recorder(this.#history, nowNs);
    this.#beliefs = new BeliefBook(this.#history, nowNs);
    this.#works = worksOf(plan.workload, this.#recorder, this.#beliefs);
    this.#injector = new Injector(plan, { linked, roster: this.#roster, disks, clocks }, () => this.#nowMs());
  }

  /** All of it; what was seen to be wrong on the way. */
  async perform(): Promise<Broken[]> {
    const { cluster } = this.#linked;
    cluster.start();
    {
      await using client = await cluster.connect();
      await client.session.create(registerRoot, "");
      for (const work of this.#works) await work.prepare(client.session);
    }
    const clients = await this.#clients();
    this.#startMs = performance.now();
    for (const client of clients) client.start();
    await this.#injector.run();
    const inVain = await this.#injector.churn.settled();
    await pause(Math.max(0, this.#plan.loadMs - this.#nowMs()));
    await Promise.all(clients.map((client) => client.stop()));
    const unlike = await this.#converge();
    if (unlike === null) await this.#readAll();
    const { failedDisks } = this.#injector.lives;
    const exits = judgeExits(cluster.members, { failedDisks, removed: this.#roster.removed });
    const undone = unlike === null ? inVain : [...inVain, unlike];
    return [...exits, ...undone.map((message) => ({ invariant: "Convergence", message }))];
  }

  report(violations: readonly Broken[], network: Network, outFolder: string | null): RunReport {
    const { struck } = this.#injector;
    for (const { kind, targets, fromMs, toMs } of struck) {
      const target = targets.join(" ");
      const [from_ns, to_ns] = [fromMs, toMs].map((ms) => Math.floor(ms * 1e6));
      this.#history.add({ kind: "fault", what: kind, target, from_ns, to_ns });
    }
    this.#beliefs.close();
    const ops = this.#history.ops();
    const jsonLines = this.#history.toJsonLines();
    const judged = judgeFile(jsonLines);
    const all = { ...judged, violations: [...violations, ...judged.violations] };
    const report = makeReport(this.#plan, network, ops, struck, all);
    if (outFolder === null) return report;
    const keep = (name: string, text: string): void => writeFileSync(join(outFolder, name), text);
    keep("plan.json", `${JSON.stringify(this.#plan, null, 2)}\n`);
    keep("history.jsonl", jsonLines);
    keep("timeline.svg", timeline(ops, struck, `${this.#plan.name}, seed ${this.#plan.seed}`));
    keep("report.json", `${JSON.stringify(report, null, 2)}\n`);
    return report;
  }

  async #clients(): Promise<SessionClient[]> {
    const { workload, clients: count, seed, sessionTtlMs } = this.#plan;
    const random = keyedRandom(seed, "jepsen-clients");
    const paths = new RegisterPaths(count * this.#plan.lanes);
    const clients: SessionClient[] = [];
    for (let k = 0; k < count; k += 1) {
      const name = `c${k}`;
      const host = await this.#linked.clientHost(name);
      const connectOptions = { endpoints: this.#roster, sessionTtlMs, logger: silentLogger, host };
      const options = { name, plan: this.#plan, connect: connectOptions, random: random.fork(name) };
      const doesWorks = workload === "mixed" ? k % 3 === 2 : workload !== "register";
      clients.push(
        doesWorks
          ? new WorksClient(options, this.#works)
          : new RegisterClient(options, k % 3 === 1 ? "reads" : "reads-and-writes", paths, this.#recorder),
      );
    }
    return clients;
  }

  /** Waits until all members agree; what they say when they never do. */
  async #converge(): Promise<string | null> {
    const { cluster } = this.#linked;
    const deadlineMs = performance.now() + convergenceMs;
    for (;;) {
      const { ids } = this.#roster;
      const views = (await viewsOf(cluster)).filter(({ id }) => ids.includes(id));
      if (haveConverged(views, ids.length)) return null;
      const members = ids.map((id) => cluster.member(id));
      const isHopeless = members.some(({ isRunning, log }) => !isRunning || log.includes(", damaged: "));
      if (isHopeless || performance.now() > deadlineMs)
        return `${JSON.stringify(views)}\n${cluster.diagnose()}`;
      await pause(pollMs);
    }
  }

  /** Every path and all else once more, so that whatever was acknowledged last is asked for, too. */
  async #readAll(): Promise<void> {
    await using client = await connect({ endpoints: this.#roster, logger: silentLogger });
    for (const work of this.#works) await work.lookAgain(client);
    await readAll(this.#recorder, client.session);
  }

  #nowMs(): number {
    return performance.now() - this.#startMs;
  }
}
