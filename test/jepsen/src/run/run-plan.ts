import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "@flotilla/coord/client";
import { HistoryWriter } from "@flotilla/history";
import { silentLogger } from "@flotilla/runtime";
import { readAll } from "../clients/register-client.ts";
import { pathsIn, registerRoot } from "../clients/register-paths.ts";
import type { SessionClient } from "../clients/session-client.ts";
import { EmbeddedClients } from "../embedded/embedded-clients.ts";
import { Clocks } from "../faults/clocks.ts";
import { Disks } from "../faults/disks.ts";
import { Injector } from "../faults/injector.ts";
import { Roster } from "../faults/roster.ts";
import type { Plan } from "../plan/plan.ts";
import { embeddedClients, memberIds } from "../plan/plan.ts";
import type { Links } from "../processes/links.ts";
import type { Network } from "./open-links.ts";
import { openLinks } from "./open-links.ts";
import { joined } from "../processes/preload.ts";
import { TemporaryFolder } from "../processes/temporary-folder.ts";
import type { RunReport } from "../report/report.ts";
import { makeReport } from "../report/report.ts";
import { Stopwatch } from "../report/stopwatch.ts";
import { timeline } from "../report/timeline.ts";
import type { Broken } from "../verdict/judge.ts";
import { judgeTraces } from "../verdict/judge-traces.ts";
import { judgeExits, judgeFile } from "../verdict/judge.ts";
import { Crew } from "./crew.ts";
import { haveConverged, viewsOf } from "./views.ts";

const pollMs = 100;
/** Ends what will never agree. Generous: a machine may be busy with everything else. */
const convergenceMs = 120_000;
const memberFlags = ["--election-timeout", "600ms", "--snapshot-entries", "2000"];

/**
 * Runs a plan with processes of its own and judges what came of it.
 * @param outFolder where everything is left
 * @param network in which members meet; `namespaces` only in a process in a network of its own
 * @param onCalm called when all faults are over
 */
export async function runPlan(
  plan: Plan,
  outFolder: string,
  network: Network = "proxies",
  onCalm: () => void = () => {},
): Promise<RunReport> {
  mkdirSync(outFolder, { recursive: true });
  const watch = new Stopwatch("start");
  await using folder = await TemporaryFolder.create("jepsen");
  const ids = memberIds(plan);
  const disks = await Disks.create(plan, ids, folder.path);
  const clocks = await Clocks.create(plan, ids, folder.path);
  const embedded = new EmbeddedClients(plan, folder.path);
  const { program } = embedded;
  await using linked = await openLinks(network, {
    nodes: plan.nodes,
    spares: plan.spares,
    arguments: memberFlags,
    ...(program === undefined ? {} : { program }),
    env: (place, life) => ({
      ...joined(disks.env(place, life), clocks.env(place.id)),
      ...embedded.env(place, life),
    }),
    logFolder: outFolder,
  });
  const run = new Run(plan, { linked, disks, clocks, embedded, watch });
  const seen = await run.perform(onCalm);
  const traced = await judgeTraces(outFolder, ids);
  return run.report([...seen, ...traced], network, outFolder);
}

interface Parts {
  readonly linked: Links;
  readonly disks: Disks;
  readonly clocks: Clocks;
  readonly embedded: EmbeddedClients;
  readonly watch: Stopwatch;
}

class Run {
  readonly #plan: Plan;
  readonly #linked: Links;
  readonly #roster: Roster;
  readonly #history: HistoryWriter;
  readonly #crew: Crew;
  readonly #embedded: EmbeddedClients;
  readonly #injector: Injector;
  readonly #watch: Stopwatch;
  #beganNs = process.hrtime.bigint();

  constructor(plan: Plan, { linked, disks, clocks, embedded, watch }: Parts) {
    this.#plan = plan;
    this.#watch = watch;
    this.#linked = linked;
    this.#roster = new Roster(linked.cluster);
    this.#history = new HistoryWriter({ clock: "monotonic", seed: plan.seed, name: plan.name });
    this.#crew = new Crew(plan, this.#history, () => this.#nowNs());
    this.#embedded = embedded;
    this.#injector = new Injector(plan, { linked, roster: this.#roster, disks, clocks }, () => this.#nowMs());
  }

  /** All of it; what was seen to be wrong on the way. */
  async perform(onCalm: () => void): Promise<Broken[]> {
    const { cluster } = this.#linked;
    const watch = this.#watch;
    const clients = await this.#begin();
    watch.begin("load");
    const inVain = await this.#load(clients, onCalm);
    watch.begin("stop");
    await Promise.all([...clients.map((client) => client.stop()), this.#embedded.stop(cluster)]);
    this.#embedded.tell(this.#history);
    watch.begin("agree");
    const unlike = await this.#converge();
    watch.begin("look-again");
    const unread = unlike === null ? await this.#readAll() : [];
    watch.begin("judge");
    const { failedDisks, endless } = this.#injector.lives;
    const exits = judgeExits(cluster.members, { failedDisks, removed: this.#roster.removed });
    const undone = [...inVain, ...(unlike === null ? [] : [unlike]), ...unread, ...endless];
    return [...exits, ...undone.map((message) => ({ invariant: "Convergence", message }))];
  }

  /** A cluster that serves, with all that clients need. */
  async #begin(): Promise<SessionClient[]> {
    const { cluster } = this.#linked;
    cluster.start();
    await using client = await cluster.connect();
    await client.session.create(registerRoot, "");
    for (const work of this.#crew.works) await work.prepare(client.session);
    return await this.#clients();
  }

  /** Clients at work under all faults; which changes of members came to nothing, and who was served no more. */
  async #load(clients: readonly SessionClient[], onCalm: () => void): Promise<readonly string[]> {
    this.#beganNs = process.hrtime.bigint();
    for (const client of clients) client.start();
    this.#embedded.begin(this.#linked.cluster, this.#beganNs);
    await this.#injector.run();
    const inVain = await this.#injector.churn.settled();
    onCalm();
    await pause(Math.max(0, this.#plan.loadMs - this.#nowMs()));
    const served = await Promise.all(clients.map((client) => client.isServed()));
    const unserved = clients
      .filter((_, at) => served[at] === false)
      .map(({ name }) => `${name} is served no more`);
    return [...inVain, ...unserved];
  }

  report(violations: readonly Broken[], network: Network, outFolder: string): RunReport {
    const { struck } = this.#injector;
    for (const { kind, targets, fromMs, toMs } of struck) {
      const target = targets.join(" ");
      const [from_ns, to_ns] = [fromMs, toMs].map((ms) => Math.floor(ms * 1e6));
      this.#history.add({ kind: "fault", what: kind, target, from_ns, to_ns });
    }
    const ops = this.#history.ops();
    const jsonLines = this.#history.toJsonLines();
    const judged = judgeFile(jsonLines);
    const empty = judged.checked > 0 ? [] : [{ invariant: "Completed", message: "nothing was judged" }];
    const all = { ...judged, violations: [...violations, ...empty, ...judged.violations] };
    const report = makeReport(this.#plan, network, ops, struck, all, this.#watch.spent);
    const keep = (name: string, text: string): void => writeFileSync(join(outFolder, name), text);
    keep("plan.json", `${JSON.stringify(this.#plan, null, 2)}\n`);
    keep("history.jsonl", jsonLines);
    keep("timeline.svg", timeline(ops, struck, `${this.#plan.name}, seed ${this.#plan.seed}`));
    keep("report.json", `${JSON.stringify(report, null, 2)}\n`);
    return report;
  }

  async #clients(): Promise<SessionClient[]> {
    const { clients: count, sessionTtlMs } = this.#plan;
    const elsewhere = new Set(embeddedClients(this.#plan));
    const clients: SessionClient[] = [];
    for (let k = 0; k < count; k += 1) {
      if (elsewhere.has(k)) continue;
      const name = `c${k}`;
      const host = await this.#linked.clientHost(name);
      const options = { endpoints: this.#roster, sessionTtlMs, logger: silentLogger, host };
      clients.push(this.#crew.make(k, name, (signal) => connect({ ...options, signal })));
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
  async #readAll(): Promise<readonly string[]> {
    await using client = await connect({ endpoints: this.#roster, logger: silentLogger });
    await Promise.all(this.#crew.works.map((work) => work.lookAgain(client)));
    const unread = await readAll(this.#crew.recorder, client.session, pathsIn(this.#history));
    return unread.map((path) => `${path} is read no more`);
  }

  #nowNs(): number {
    return Number(process.hrtime.bigint() - this.#beganNs);
  }

  #nowMs(): number {
    return this.#nowNs() / 1e6;
  }
}
