import { connect } from "@flotilla/coord/client";
import type { CoordNode } from "@flotilla/coord/node";
import type { ClientHost } from "@flotilla/runtime";
import type { SimNode } from "@flotilla/runtime/sim";
import type { ClientPlan } from "../plan/plan.ts";
import type { WorldContext } from "../world/context.ts";
import type { Server } from "../world/server.ts";
import type { ActorProcess, OpenCoord, OwnCoord } from "./actor.ts";
import { adopt } from "./actor.ts";
import { ClientWork } from "./client-process.ts";
import type { Paths } from "./paths.ts";
import { ProcessClock } from "./process-clock.ts";

const connectTimeoutMs = 6000;

/** One client: on a machine of its own, or within a member's process. */
export class Client {
  readonly id: string;
  readonly plan: ClientPlan;
  /** The machine of its own; null for one that lives in a member. */
  readonly machine: SimNode | null;
  /** True once it will never run again. */
  isDead = false;
  readonly #world: WorldContext;
  readonly #paths: Paths;
  #life = 0;
  #actor: ActorProcess | null = null;
  #done = true;

  constructor(world: WorldContext, id: string, plan: ClientPlan, paths: Paths) {
    this.#world = world;
    this.id = id;
    this.plan = plan;
    this.#paths = paths;
    this.machine = plan.embeddedIn === null ? world.kernel.node(id) : null;
  }

  /** Nothing of it is under way. */
  get isDone(): boolean {
    return this.#done;
  }

  /** The process that runs now, for whoever follows its clock. */
  get actor(): ActorProcess | null {
    return this.#actor;
  }

  /** Starts a process on its own machine. */
  start(): void {
    if (this.machine === null || this.isDead || this.machine.isRunning) return;
    const host = this.machine.start();
    const endpoints = this.#world.members.map(({ address }) => address);
    const open: OpenCoord = (auth) =>
      connect({
        host,
        endpoints,
        ...this.#world.access,
        sessionTtlMs: this.plan.ttlMs,
        connectTimeoutMs,
        timeoutMs: 5000,
        ...(auth === undefined ? {} : { auth }),
      });
    this.#run(host, this.machine.name, open, null);
  }

  /** Starts within the process of a member; the first of those in it has the member's own session. */
  startIn(server: Server, node: CoordNode, host: ClientHost, isFirst: boolean): void {
    if (this.isDead) return;
    this.died();
    const openedMs = this.#world.kernel.nowMs;
    const open: OpenCoord = (auth) =>
      node.connect({
        sessionTtlMs: this.plan.ttlMs,
        timeoutMs: 5000,
        ...(auth === undefined ? {} : { auth }),
      });
    const own = isFirst ? { coord: node, isTaken: false, early: Promise.resolve() } : null;
    const actor = this.#run(host, server.id, open, own);
    if (own === null) return;
    const opened = node.session.onState((state) => {
      if (state !== "connected") return;
      opened[Symbol.dispose]();
      adopt(actor, node, openedMs);
    });
  }

  /** Kills its process; false when there is none. */
  crash(powerOff: boolean): boolean {
    if (this.machine === null || !this.machine.isRunning) return false;
    this.died();
    this.machine.crash({ powerOff });
    return true;
  }

  /** Its process is gone: what it had open is nobody's. */
  died(): void {
    const actor = this.#actor;
    this.#life += 1;
    this.#actor = null;
    this.#done = true;
    if (actor === null) return;
    this.#world.beliefs.died(actor.clock);
    this.#world.leases.died(actor.clock);
    this.#world.stalls.died(actor.machine);
    for (const { session } of actor.coords) this.#world.ledger.orphans.add(session.id);
  }

  #run(host: ClientHost, machine: string, open: OpenCoord, own: OwnCoord | null): ActorProcess {
    this.#life += 1;
    const life = this.#life;
    const name = `${this.id}.${life}`;
    const { kernel } = this.#world;
    const actor: ActorProcess = {
      name,
      machine,
      host,
      clock: new ProcessClock(host.clock, () => kernel.nowMs),
      random: kernel.random(`client/${name}`),
      ttlMs: this.plan.ttlMs,
      world: this.#world,
      open,
      own,
      coords: new Set(),
      isStopping: this.#world.isStopping,
    };
    this.#actor = actor;
    this.#done = false;
    new ClientWork(actor, this.plan, this.#paths).run().then(
      () => {
        if (life === this.#life) this.#done = true;
      },
      (error: unknown) => {
        if (life === this.#life) this.#world.crashed(error);
      },
    );
    return actor;
  }
}
