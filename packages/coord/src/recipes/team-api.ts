import type { Balancer, BalanceOptions } from "./balance/api.ts";
import type { Leadership } from "./api.ts";
import type { Service } from "./registry/api.ts";

/** How one of a team is reached and seen while it works, and how the leader picks among those who do. */
export interface TeamOptions extends Omit<Service, "name"> {
  /** Name shown to others while it leads. Default: the session's id. */
  readonly candidate?: string;
  /** Higher goes first in line to lead. Default 0. */
  readonly priority?: number;
  /** Default `two-choices` among all, and no `timeoutMs`: one that is named ends `run` when it is over. */
  readonly balance?: Omit<BalanceOptions, "signal">;
}

export interface TeamPart {
  /**
   * Leads for as long as it takes, as in `Election.run`; called once it is no worker any more. The workers are those of
   * the moment, without the leader itself; give tasks the epoch, and have workers refuse older ones (`EpochGate`).
   */
  readonly lead: (leadership: Leadership, workers: Balancer) => Promise<void> | void;
  /**
   * Called when it begins and ceases to be registered as a worker; a promise that it returns is waited for. What it throws,
   * or that promise rejects with, ends `run`.
   */
  readonly onWorking?: (isWorking: boolean) => unknown;
}

/** One leads and gives out work, the others are registered for it. */
export interface Team {
  /** Of the election and of the service in the registry. */
  readonly name: string;
  /**
   * Works while another leads; once elected it is no worker any more, and one again when it has given up the lead, however
   * it lost that. Registered again when somebody else took it out. Ends when the signal fires (resolves, once `lead` has
   * settled), when the session ends, `lead` throws while it leads or it cannot be registered (rejects).
   */
  run(part: TeamPart, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
