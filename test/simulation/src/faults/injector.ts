import { phasesOf } from "../coverage/phases.ts";
import type { Fault, FaultKind } from "../plan/plan.ts";
import { faultKinds } from "../plan/plan.ts";
import type { World } from "../world/world.ts";
import { drift, driftBeyond, wallJump } from "./clock-faults.ts";
import { bitRot, lostData } from "./damage-faults.ts";
import { failingDisk, fullDisk, slowDisk, stuckDisk } from "./disk-faults.ts";
import type { Strike } from "./fault-context.ts";
import {
  bridge,
  clientCut,
  delay,
  halfOpen,
  isolate,
  isolateAndPause,
  lateAnswers,
  messageLoss,
  oneWay,
  reset,
  splitInHalves,
  throttle,
} from "./network-faults.ts";
import { members } from "./member-faults.ts";
import { clientCrash, crash, crashAll, pause, slowCpu, stall, stopInOrder } from "./process-faults.ts";

const strikes: Readonly<Record<FaultKind, Strike>> = {
  crash,
  "crash-leader": crash,
  "crash-all": crashAll,
  "stop-in-order": stopInOrder,
  pause,
  stall,
  "isolate-one": isolate,
  "isolate-leader": isolate,
  "isolate-and-pause": isolateAndPause,
  halves: splitInHalves,
  bridge,
  "one-way": oneWay,
  "late-answers": lateAnswers,
  "half-open": halfOpen,
  reset,
  "client-cut": clientCut,
  "client-crash": clientCrash,
  delay,
  "message-loss": messageLoss,
  throttle,
  "slow-cpu": slowCpu,
  "clock-drift": drift,
  "client-drift": driftBeyond,
  "wall-jump": wallJump,
  "slow-disk": slowDisk,
  "stuck-disk": stuckDisk,
  "failing-disk": failingDisk,
  "full-disk": fullDisk,
  "bit-rot": bitRot,
  "lost-data": lostData,
  members,
};

const retryMs = 250;
const mostTries = 40;
const longestWaitMs = 10_000;

/** Fires the faults of a plan, and ends them. */
export class Injector {
  /** How many of each kind struck something. */
  readonly counts: Record<string, number> = Object.fromEntries(faultKinds.map((kind) => [kind, 0]));
  readonly #world: World;
  readonly #undo = new Set<() => void>();
  #healed = false;

  constructor(world: World) {
    this.#world = world;
    for (const fault of world.plan.faults) world.kernel.at(fault.atMs, () => this.#await(fault));
  }

  /** Faults that struck something. */
  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** Ends every fault that is under way; none begins any more. */
  heal(): void {
    this.#healed = true;
    for (const undo of this.#undo) undo();
    this.#undo.clear();
  }

  #await(fault: Fault): void {
    const { kernel, moments, servers } = this.#world;
    if (fault.when === undefined) return this.#fire(fault, 0);
    const { moment, hit, patienceMs = longestWaitMs } = fault.when;
    // What comes too late is not waited for; nor can a process be harmed while its code runs.
    const stop = moments.at(moment, hit, (node) => {
      timeout.cancel();
      const here = `node#${servers.findIndex(({ id }) => id === node)}`;
      kernel.after(0, () => this.#fire(fault.target === "here" ? { ...fault, target: here } : fault, 0));
    });
    const timeout = kernel.after(patienceMs, () => {
      stop();
      this.#fire(fault.target === "here" ? { ...fault, target: "any" } : fault, 0);
    });
  }

  /** Waits a little when there is nothing to strike, such as a leader. */
  #fire(fault: Fault, tries: number): void {
    if (this.#healed) return;
    const { kernel } = this.#world;
    const random = kernel.random(`fault/${String(fault.args["key"])}/${fault.kind}`);
    const phases = phasesOf(this.#world);
    const struck = strikes[fault.kind]({
      world: this.#world,
      fault,
      random,
      isOn: () => !this.#healed,
      whenOver: (undo, afterMs = fault.durMs) => this.#later(afterMs, undo),
    });
    if (struck !== null) {
      this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
      this.#world.coverage.struck(fault.kind, phases);
    } else if (tries < mostTries) kernel.after(retryMs, () => this.#fire(fault, tries + 1));
  }

  #later(afterMs: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#world.kernel.after(afterMs, once);
  }
}
