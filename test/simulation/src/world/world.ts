import { HistoryWriter } from "@flotilla/history";
import type { Host } from "@flotilla/runtime";
import type { RanEvent } from "@flotilla/runtime/sim";
import { Kernel } from "@flotilla/runtime/sim";
import { BeliefBook } from "../actors/belief-book.ts";
import { Client } from "../actors/client.ts";
import { LeaseBook } from "../actors/lease-book.ts";
import { Ledger } from "../actors/ledger.ts";
import { Outside } from "../actors/outside.ts";
import { Paths } from "../actors/paths.ts";
import { StallBook } from "../actors/stall-book.ts";
import { Monitor } from "../online/monitor.ts";
import { Coverage } from "../coverage/coverage.ts";
import type { Plan } from "../plan/plan.ts";
import { startLog } from "../registers/log-process.ts";
import { RegisterBook } from "../registers/register-book.ts";
import type { WorldContext } from "./context.ts";
import { Churn } from "./churn.ts";
import { Cuts } from "./cuts.ts";
import { Findings } from "./findings.ts";
import { GoldenLog } from "./golden-log.ts";
import { Moments } from "./moments.ts";
import { Poison } from "./poison.ts";
import { startProduct } from "./product-process.ts";
import { describe, Server, serverPort } from "./server.ts";

const maxEvents = 6_000_000;
const maxEventsPerInstant = 100_000;
const spreadMs = 300;

/** Something deliberately wrong, to see that it is noticed. */
export interface Sabotage {
  /** Replaces the host of a member's process. */
  readonly host?: (host: Host, id: string, kernel: Kernel) => Host;
}

/** A cluster, its clients, and everything that watches them. */
export class World implements WorldContext {
  readonly plan: Plan;
  readonly kernel: Kernel;
  readonly findings: Findings;
  readonly monitor: Monitor;
  readonly golden: GoldenLog;
  readonly poison: Poison = new Poison();
  readonly moments: Moments;
  readonly coverage: Coverage;
  readonly history: HistoryWriter;
  readonly ledger: Ledger;
  readonly registers: RegisterBook;
  readonly paths: Paths = new Paths();
  readonly outside: Outside;
  readonly stalls: StallBook;
  readonly beliefs: BeliefBook;
  readonly leases: LeaseBook;
  readonly founders: WorldContext["founders"];
  readonly members: WorldContext["members"];
  readonly access: WorldContext["access"];
  readonly servers: readonly Server[];
  readonly clients: readonly Client[];
  readonly cuts: Cuts;
  readonly churn: Churn = new Churn(this);
  readonly crashed: (error: unknown) => void;
  /** Clients that live on a machine, or in a member there. */
  readonly #residents: ReadonlyMap<string, readonly Client[]>;
  readonly isCalm: () => boolean = () => this.#calm;
  readonly isStopping: () => boolean;
  readonly #isAwake = (id: string): boolean => {
    const machine = this.kernel.node(id);
    return machine.isRunning && !machine.isPaused && !this.stalls.isStanding(id);
  };
  #calm = false;
  #stopping = false;

  constructor(plan: Plan, sabotage: Sabotage = {}) {
    this.plan = plan;
    const kernel = new Kernel({ seed: plan.seed, maxEvents, maxEventsPerInstant });
    const nowMs = (): number => kernel.nowMs;
    this.kernel = kernel;
    kernel.network.setLatency(plan.config.latency);
    this.findings = new Findings(nowMs);
    this.moments = new Moments(nowMs);
    this.coverage = new Coverage(this);
    this.monitor = new Monitor(this.findings, {
      nowMs,
      config: plan.config,
      poison: () => this.poison.index,
      moments: this.moments,
      onMoment: () => this.coverage.sample(),
    });
    this.golden = new GoldenLog(nowMs);
    this.history = new HistoryWriter({ clock: "virtual", seed: plan.seed });
    this.ledger = new Ledger(() => kernel.eventCount);
    this.registers = new RegisterBook(nowMs, this.findings);
    this.stalls = new StallBook(nowMs);
    this.outside = new Outside(kernel);
    this.beliefs = new BeliefBook(kernel, this.stalls);
    this.leases = new LeaseBook(nowMs);
    this.cuts = new Cuts(kernel.network);
    this.crashed = (error) => this.findings.now("Crash", describe(error));
    this.isStopping = () => this.#stopping;
    this.access = { cluster: "sim", ...(plan.config.secret ? { secret: "open sesame" } : {}) };
    const ids = Array.from({ length: plan.nodes + sparesOf(plan) }, (_, index) => `n${index + 1}`);
    this.members = ids.map((id) => ({ id, address: `${id}:${serverPort}` }));
    this.founders = this.members.slice(0, plan.nodes);
    this.servers = ids.map((id, index) => {
      const disguise = (host: Host): Host => sabotage.host?.(host, id, kernel) ?? host;
      const start = plan.logAlone === undefined ? startProduct : startLog;
      return new Server(this, id, index < plan.nodes ? "down" : "spare", { disguise, start });
    });
    this.clients = plan.clients.map((client, index) => new Client(this, `c${index + 1}`, client, this.paths));
    this.#residents = residentsOf(this.clients);
    this.#embed();
    kernel.onProbe((probe, node) => this.monitor.probed(probe, node));
    kernel.onAfterEvent((event) => this.#ran(event));
  }

  /** Members that can be expected to work once nothing disturbs them. */
  get sound(): readonly Server[] {
    return this.present.filter((server) => !server.isLost);
  }

  /** Members and who is to be one. */
  get present(): readonly Server[] {
    return this.servers.filter((server) => !server.isOut);
  }

  /** The member that leads the highest term, if any. */
  get leader(): Server | null {
    let found: Server | null = null;
    for (const server of this.servers) {
      const { role, term } = server.view.soft;
      const leads = server.view.isOpen && !server.view.replaced && role === "leader";
      if (leads && term >= (found?.view.soft.term ?? 0)) found = server;
    }
    return found;
  }

  /** Starts everybody within a moment. */
  start(): void {
    const random = this.kernel.random("start");
    for (const server of this.servers) this.kernel.after(random.below(spreadMs), () => server.start());
    for (const client of this.clients) this.kernel.after(random.below(spreadMs * 3), () => client.start());
  }

  /** Nothing disturbs from now on. */
  calm(): void {
    this.#calm = true;
    this.moments.over();
  }

  /** Asks every client to come to an end. */
  stopClients(): void {
    this.#stopping = true;
  }

  #embed(): void {
    for (const server of this.servers) {
      const residents = this.#residents.get(server.id) ?? [];
      server.onUp = (node, host) => {
        residents.forEach((client, at) => client.startIn(server, node, host, at === 0));
      };
      server.onGone = () => {
        for (const client of residents) client.died();
        this.stalls.died(server.id);
      };
    }
  }

  /** A process ran: whoever lives there may believe something else now. */
  #ran({ node, kind }: RanEvent): void {
    this.monitor.passed(this.#isAwake);
    if (node === "" || kind === "queued" || kind === "turn") return;
    this.stalls.ran(node, kind);
    if (this.#residents.size === 0) return;
    for (const { actor } of this.#residents.get(node) ?? []) {
      if (actor === null) continue;
      actor.clock.ran();
      this.beliefs.ran(actor.clock);
      this.leases.ran(actor.clock);
    }
  }
}

/** Each of these calls up a machine at most. */
function sparesOf({ faults }: Plan): number {
  return faults.filter(({ kind, args: { how } }) => kind === "members" && (how === "add" || how === "swap"))
    .length;
}

function residentsOf(clients: readonly Client[]): Map<string, Client[]> {
  const residents = new Map<string, Client[]>();
  for (const client of clients) {
    const { embeddedIn } = client.plan;
    const machine = embeddedIn === null ? client.id : `n${embeddedIn + 1}`;
    residents.set(machine, [...(residents.get(machine) ?? []), client]);
  }
  return residents;
}
