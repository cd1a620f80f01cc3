import type { Fault, FaultKind } from "../plan/plan.ts";
import { faultKinds } from "../plan/plan.ts";
import type { World } from "../world/world.ts";
import { drift, wallJump } from "./clock-faults.ts";
import { bitRot, lostData } from "./damage-faults.ts";
import { failingDisk, fullDisk, slowDisk, stuckDisk } from "./disk-faults.ts";
import type { Strike } from "./fault-context.ts";
import {
  bridge,
  clientCut,
  delay,
  halfOpen,
  isolate,
  messageLoss,
  oneWay,
  reset,
  splitInHalves,
} from "./network-faults.ts";
import { clientCrash, crash, crashAll, pause, stall, stopInOrder } from "./process-faults.ts";

const strikes: Readonly<Record<FaultKind, Strike>> = {
  crash,
  "crash-leader": crash,
  "crash-all": crashAll,
  "stop-in-order": stopInOrder,
  pause,
  stall,
  "isolate-one": isolate,
  "isolate-leader": isolate,
  halves: splitInHalves,
  bridge,
  "one-way": oneWay,
  "half-open": halfOpen,
  reset,
  "client-cut": clientCut,
  "client-crash": clientCrash,
  delay,
  "message-loss": messageLoss,
  "clock-drift": drift,
  "wall-jump": wallJump,
  "slow-disk": slowDisk,
  "stuck-disk": stuckDisk,
  "failing-disk": failingDisk,
  "full-disk": fullDisk,
  "bit-rot": bitRot,
  "lost-data": lostData,
};

const retryMs = 250;
const mostTries = 40;

/** Fires the faults of a plan, and ends them. */
export class Injector {
  /** How many of each kind struck something. */
  readonly counts: Record<string, number> = Object.fromEntries(faultKinds.map((kind) => [kind, 0]));
  readonly #world: World;
  readonly #undo = new Set<() => void>();
  #healed = false;

  constructor(world: World) {
    this.#world = world;
    for (const fault of world.plan.faults) world.kernel.at(fault.atMs, () => this.#fire(fault, 0));
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

  /** Waits a little when there is nothing to strike, such as a leader. */
  #fire(fault: Fault, tries: number): void {
    if (this.#healed) return;
    const { kernel } = this.#world;
    const random = kernel.random(`fault/${String(fault.args["key"])}/${fault.kind}`);
    const struck = strikes[fault.kind]({
      world: this.#world,
      fault,
      random,
      isOn: () => !this.#healed,
      whenOver: (undo) => this.#later(fault.durMs, undo),
    });
    if (struck !== null) this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    else if (tries < mostTries) kernel.after(retryMs, () => this.#fire(fault, tries + 1));
  }

  #later(afterMs: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#world.kernel.after(afterMs, once);
  }
}
