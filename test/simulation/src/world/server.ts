import type { CoordNode } from "@flotilla/coord/node";
import type { OpenedRaft } from "@flotilla/coord/node";
import type { RaftNode, RaftObserver } from "@flotilla/raft";
import type { Host } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Kernel, SimNode } from "@flotilla/runtime/sim";
import { LeaseSwitch } from "../actors/lease-switch.ts";
import { LogReader } from "../actors/log-reader.ts";
import type { NodeView } from "../online/node-view.ts";
import type { WorldContext } from "./context.ts";
import type { MemberProcess, StartMember } from "./member-process.ts";

/** The port every member listens on. */
export const serverPort = 7400;

/**
 * - `down`: no process; it may be started.
 * - `refused`: it will not open its damaged data, for good.
 * - `spare`: it never ran, and does not before it is called up.
 * - `removed`: it is no member any more, for good.
 */
export type ServerState = "down" | "starting" | "up" | "closing" | "refused" | "spare" | "removed";

/** What a member is and what it stands on. */
export interface ServerWays {
  /** What its process gets for the host of its machine. */
  readonly disguise: (host: Host) => Host;
  readonly start: StartMember;
}

const retryMs = 700;
const mostRefusals = 3;

/** One member: its machine, its process and what starts it again. */
export class Server {
  readonly id: string;
  readonly machine: SimNode;
  view: NodeView;
  node: MemberProcess | null = null;
  state: ServerState;
  /** Called with each process of the product once it takes part, and its host. */
  onUp: ((node: CoordNode, host: Host) => void) | null = null;
  /** Called when its process is gone. */
  onGone: (() => void) | null = null;
  /** The log of the process that runs; null before it is open. */
  raft: Pick<RaftNode, "read" | "status" | "changeMembers"> | null = null;
  readonly #world: WorldContext;
  readonly #ways: ServerWays;
  #reader: LogReader | null = null;
  #leaseSwitch: LeaseSwitch | null = null;
  #life = 0;
  #refusals = 0;
  /** Whom it asks to be added; null for a founder. */
  #join: readonly string[] | null = null;

  constructor(world: WorldContext, id: string, state: "down" | "spare", ways: ServerWays) {
    this.#world = world;
    this.id = id;
    this.state = state;
    this.machine = world.kernel.node(id);
    this.view = world.monitor.add(id, this.machine.disk);
    this.#ways = ways;
  }

  get address(): string {
    return `${this.id}:${serverPort}`;
  }

  /** Its data is gone or will never be opened again. */
  get isLost(): boolean {
    return this.state === "refused" || this.view.replaced;
  }

  /** It takes no part, and is not expected to. */
  get isOut(): boolean {
    return this.state === "spare" || this.state === "removed";
  }

  /** Starts a spare machine as one that joins: it asks these, or waits to be added when there are none. */
  callUp(join: readonly string[]): void {
    this.#join = join;
    this.state = "down";
    this.start();
  }

  /** Wipes its data and starts it as one that waits to be added; false when it does not run. */
  replace(): boolean {
    if (this.state !== "up" || !this.kill()) return false;
    this.view = this.#world.monitor.renew(this.id, this.machine.disk);
    this.machine.disk.wipe();
    this.callUp([]);
    return true;
  }

  /** Starts a process unless there is one. */
  start(): void {
    if (this.state !== "down") return;
    this.state = "starting";
    this.#life += 1;
    const life = this.#life;
    const { disguise, start } = this.#ways;
    const { id, address, view } = this;
    const host = disguise(this.machine.start());
    start({
      world: this.#world,
      host,
      id,
      address,
      life,
      join: this.#join,
      view,
      observer: this.#observer(view),
      opened: (raft) => this.#opened(raft, host),
    }).then(
      (node) => {
        if (life === this.#life) this.#started(node, host, life);
      },
      (error: unknown) => {
        if (life === this.#life) this.#failed(error);
      },
    );
  }

  /** Kills the process; false when there was none. */
  crash(powerOff: boolean): boolean {
    if (!this.machine.isRunning) return false;
    this.#gone();
    this.machine.crash({ powerOff });
    return true;
  }

  /** Ends the process as `kill -9` does: what it wrote stays in the system's cache. */
  kill(): boolean {
    if (!this.machine.isRunning) return false;
    this.#gone();
    this.machine.stop();
    return true;
  }

  /** Closes the member in order, then ends its process and tells how many timers were still set. */
  close(done: (timers: number) => void): boolean {
    const { node } = this;
    if (node === null || this.state !== "up") return false;
    this.state = "closing";
    this.#reader?.stop();
    this.#leaseSwitch?.stop();
    const life = this.#life;
    const finish = (): void => {
      this.#world.kernel.after(0, () => {
        if (life !== this.#life) return;
        const { timers } = this.machine;
        this.kill();
        done(timers);
      });
    };
    node.close().then(finish, (error: unknown) => {
      this.#world.findings.now("Crash", `closing ${this.id} failed: ${String(error)}`);
      finish();
    });
    return true;
  }

  #gone(): void {
    this.#life += 1;
    this.node = null;
    this.raft = null;
    this.view.died();
    this.state = "down";
    this.onGone?.();
  }

  #observer(view: NodeView): RaftObserver {
    const { monitor, plan } = this.#world;
    const { applyMs } = plan.config;
    const observer = monitor.observer(view);
    if (applyMs === 0) return observer;
    return {
      ...observer,
      onApply: (entry) => {
        observer.onApply?.(entry);
        this.machine.stall(applyMs);
      },
    };
  }

  #opened(raft: OpenedRaft, host: Host): void {
    const { kernel, monitor, plan, crashed, isStopping } = this.#world;
    this.raft = raft;
    this.view.incarnation = raft.incarnation;
    this.view.waitingProposals = () => raft.status().waiting.proposals;
    this.view.logBytes = () => raft.status().logBytes;
    this.#reader = new LogReader({
      raft,
      host,
      view: this.view,
      points: monitor.reads,
      random: kernel.random(`reads/${this.id}/${this.#life}`),
      meanMs: plan.config.logReadMs,
      isStopping,
      crashed,
    });
    this.#reader.start();
    this.#switchLeases(raft, host);
  }

  #switchLeases(raft: Pick<RaftNode, "changeMembers" | "status">, host: Host): void {
    const { kernel, plan, crashed, isStopping } = this.#world;
    const { leaseSwitchesMs: switchesMs = [] } = plan.config;
    if (switchesMs.length === 0) return;
    const nowMs = (): number => kernel.nowMs;
    this.#leaseSwitch = new LeaseSwitch({ raft, host, nowMs, switchesMs, isStopping, crashed });
    this.#leaseSwitch.start();
  }

  #started(node: MemberProcess, host: Host, life: number): void {
    this.node = node;
    this.state = "up";
    this.#refusals = 0;
    node.closed.then((reason) => {
      if (life !== this.#life) return;
      if (reason.type === "failed") this.#failed(reason.error);
      else if (reason.type === "removed") this.#removed();
    }, this.#world.crashed);
    if (node.coord !== null) this.onUp?.(node.coord, host);
  }

  /** The process ends by itself: the cluster goes on without it. */
  #removed(): void {
    const life = this.#life;
    this.#world.monitor.removed(this.view);
    this.#world.kernel.after(0, () => {
      if (life !== this.#life) return;
      this.kill();
      this.state = "removed";
    });
  }

  /** The process ends by itself: the disk failed, or the data is damaged. */
  #failed(error: unknown): void {
    const life = this.#life;
    this.#world.kernel.after(0, () => {
      if (life !== this.#life) return;
      const { tampered } = this.view;
      this.kill();
      if (this.#world.poison.stopped(error)) this.#later(this.#world.kernel);
      else if (
        FlotillaError.is(error, "ERR_FLOTILLA_STORAGE") ||
        FlotillaError.is(error, "ERR_FLOTILLA_LOCKED")
      ) {
        this.#refusals += 1;
        if (tampered && this.#refusals >= mostRefusals) this.state = "refused";
        else this.#later(this.#world.kernel);
      } else if (tampered && isRefusal(error)) {
        this.state = "refused";
      } else {
        this.#world.findings.now("Crash", `${this.id} stopped: ${describe(error)}`);
      }
    });
  }

  #later(kernel: Kernel): void {
    const life = this.#life;
    kernel.after(retryMs, () => {
      if (life === this.#life) this.start();
    });
  }
}

function isRefusal(error: unknown): boolean {
  return (
    FlotillaError.is(error, "ERR_FLOTILLA_DAMAGED") ||
    FlotillaError.is(error, "ERR_FLOTILLA_FOREIGN") ||
    FlotillaError.is(error, "ERR_FLOTILLA_WIPED")
  );
}

/** An error with its causes, for people. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` <- ${describe(error.cause)}`;
  const where =
    FlotillaError.is(error) && error.code !== "ERR_FLOTILLA_INTERNAL" ? "" : `\n${error.stack ?? ""}`;
  return `${FlotillaError.is(error) ? `${error.code}: ` : ""}${error.message}${where}${cause}`;
}
