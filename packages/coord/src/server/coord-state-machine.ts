import { decodeCommand } from "@flotilla/kv";
import type { Applied, Machine } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Command, Restoring, Snapshot, StateMachine } from "@flotilla/raft";
import type { BudgetLog } from "./budget-log.ts";
import type { Comparer } from "./comparer.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import type { Observer } from "./observer.ts";
import type { RaftPort } from "./raft-port.ts";
import type { Reaper } from "./reaper.ts";
import type { SessionHub } from "./session-hub.ts";

/** Who hears of each command. */
export interface CoordStateMachineOptions {
  readonly machine: Machine;
  readonly raft: Pick<RaftPort, "status">;
  readonly hub: SessionHub;
  readonly keeper: LeaseKeeper;
  readonly reaper: Reaper;
  readonly comparer: Comparer;
  readonly budgetLog: BudgetLog;
  readonly observer: Observer;
}

/** Drives the tree by the log, and tells leases and sessions of each command in its own turn, before the next. */
export class CoordStateMachine implements StateMachine {
  readonly #options: CoordStateMachineOptions;

  constructor(options: CoordStateMachineOptions) {
    this.#options = options;
  }

  accepts(payload: Uint8Array): boolean {
    try {
      decodeCommand(payload, this.#options.machine.newestLevel);
      return true;
    } catch (error) {
      const isUnreadable =
        FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME") ||
        FlotillaError.is(error, "ERR_FLOTILLA_UNSUPPORTED");
      if (isUnreadable) return false;
      throw error;
    }
  }

  apply(command: Command): unknown {
    const { index, timeMs, payload } = command;
    return this.#tell(command, this.#options.machine.apply(payload, { index, timeMs }));
  }

  skip(command: Command): unknown {
    const { index, timeMs, payload } = command;
    return this.#tell(command, this.#options.machine.skip(payload, { index, timeMs }));
  }

  snapshot(): Snapshot {
    const snapshot = this.#options.machine.snapshot();
    return { chunks: () => snapshot.lend() };
  }

  beginRestore(): Restoring {
    const { machine, hub } = this.#options;
    const restore = machine.beginRestore();
    return {
      write: (bytes) => restore.write(bytes),
      work: () => restore.work(),
      prove: () => restore.prove(),
      replace: () => {
        restore.replace();
        hub.restored();
      },
    };
  }

  #tell({ index, timeMs, payload }: Command, applied: Applied): Applied {
    const { machine, hub, keeper, reaper, comparer, observer } = this.#options;
    const events = machine.takeEvents();
    observer.applied?.(index, applied, events);
    keeper.onApplied(applied);
    reaper.onApplied(applied, timeMs);
    hub.applied(applied, events, this.#secretIn(payload, applied));
    comparer.onApplied();
    this.#report();
    return applied;
  }

  #secretIn(payload: Uint8Array, { type }: Applied): Uint8Array | null {
    if (type !== "attached" && type !== "attach-refused") return null;
    const command = decodeCommand(payload, this.#options.machine.newestLevel);
    return command.type === "attach" ? command.secret : null;
  }

  /** All members find the same; the leader says it. */
  #report(): void {
    const { machine, raft, budgetLog } = this.#options;
    const reports = machine.budgets.takeReports();
    if (reports.length > 0 && raft.status().role === "leader") budgetLog.tell(reports);
  }
}
