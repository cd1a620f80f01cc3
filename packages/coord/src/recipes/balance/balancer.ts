import type { Random } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { bounded, listen, longestWaitMs, orAborted } from "../bounded.ts";
import type { Instance } from "../registry/api.ts";
import { allStates, matcher, usable } from "../registry/filter.ts";
import { follow } from "../registry/follow.ts";
import { madeAt } from "../registry/instance.ts";
import type { Balancer, BalanceOptions, Candidate, PickOptions, UseOptions } from "./api.ts";
import { requireBalance, requireMin, requirePick, requireUse } from "./checked.ts";
import type { Chooser } from "./chooser.ts";
import { type Life, Outliers } from "./outliers.ts";
import { pickable } from "./pickable.ts";
import { pickerOf } from "./strategy.ts";

export interface BalancerParts {
  readonly name: string;
  /** Of the service's node. */
  readonly path: string;
  readonly random: Random;
  readonly options: BalanceOptions;
}

/**
 * Follows a service. Resolves once it knows the instances there are.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_TIMEOUT`, and what ends the
 *   session
 */
export async function openBalancer(session: Session, parts: BalancerParts): Promise<Balancer> {
  requireBalance(parts.options);
  const balancer = new SessionBalancer(session, parts);
  const bounds = {
    clock: session.clock,
    options: parts.options,
    fallbackMs: longestWaitMs,
    end: session.signal,
    what: `following ${parts.path}`,
  };
  try {
    await bounded(bounds, (until) => orAborted(balancer.started, until));
    return balancer;
  } catch (error) {
    balancer.close();
    throw error;
  }
}

function lifeOf(instance: Instance): Life {
  return { id: instance.id, made: madeAt(instance) };
}

class SessionBalancer implements Balancer {
  readonly name: string;
  /** Resolves once it knows the instances there are. */
  readonly started: Promise<void>;
  readonly #session: Session;
  readonly #parts: BalancerParts;
  readonly #choose: Chooser;
  readonly #outliers: Outliers;
  readonly #closed = sharedController();
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  readonly #stopListening: () => void;
  #instances: readonly Instance[] = [];

  constructor(session: Session, parts: BalancerParts) {
    const { name, options, random } = parts;
    this.name = name;
    this.#session = session;
    this.#parts = parts;
    this.#choose = pickerOf(options.pick === undefined ? "two-choices" : options.pick, random);
    this.#outliers = new Outliers(options.outliers ?? {});
    this.#stopListening = listen(session.signal, (reason) => this.#closed.abort(reason));
    this.started = this.#follow();
    this.started.catch(() => {});
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  get isStale(): boolean {
    return this.#closed.signal.aborted || this.#session.state !== "connected";
  }

  pick(options: PickOptions = {}): Instance | null {
    requirePick(options);
    const { key = "" } = options;
    return this.#pick(key, new Set());
  }

  async use<T>(
    fn: (instance: Instance, signal: AbortSignal) => Promise<T> | T,
    options: UseOptions = {},
  ): Promise<T> {
    requireUse(fn, options);
    const { clock } = this.#session;
    const what = `work at ${this.name}`;
    const bounds = { clock, options, fallbackMs: Number.POSITIVE_INFINITY, what };
    return bounded(bounds, (signal) => this.#try(fn, options, signal));
  }

  async ready(min = 1, options: CallOptions = {}): Promise<void> {
    requireMin(min);
    const { clock } = this.#session;
    const { signal: end } = this.#closed;
    const bounds = { clock, options, fallbackMs: longestWaitMs, end, what: `${this.name} being ready` };
    try {
      return await bounded(bounds, (signal) => this.#whenReady(min, signal));
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT")) throw error;
      throw new FlotillaError("ERR_FLOTILLA_TIMEOUT", `${error.message}: ${this.#outlook()}`, {
        cause: error,
      });
    }
  }

  close(): void {
    this.#stopListening();
    this.#closed.abort(new FlotillaError("ERR_FLOTILLA_CLOSED", `${this.name} is followed no more`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Resolves after the first set; what comes later is taken in behind it. */
  async #follow(): Promise<void> {
    const { name, path, options } = this.#parts;
    const { tags, meta } = options;
    const fits = matcher({
      states: allStates,
      ...(tags === undefined ? {} : { tags }),
      ...(meta === undefined ? {} : { meta }),
    });
    const changes = follow(this.#session, { name, path, fits, signal: this.#closed.signal });
    const first = await changes.next();
    if (first.done === true) return;
    this.#take(first.value.instances);
    void this.#goOn(changes);
  }

  async #goOn(changes: ReturnType<typeof follow>): Promise<void> {
    try {
      for await (const { instances } of changes) this.#take(instances);
    } catch (error) {
      // What was known last stays, and is stale.
      this.#closed.abort(error);
      this.#stopListening();
    }
  }

  #take(instances: readonly Instance[]): void {
    this.#instances = instances;
    this.#outliers.keep(instances.map(lifeOf));
    for (const wake of this.#waiting) wake();
  }

  /** Those that may be picked now. */
  #fit(without: ReadonlySet<string>): readonly Instance[] {
    const { zone } = this.#parts.options;
    const ids = this.#instances.map(({ id }) => id);
    const out = this.#outliers.ejected(ids, this.#session.clock.now());
    const others = this.#instances.filter(({ id }) => !without.has(id));
    const found = pickable(
      others.filter(({ id }) => !out.has(id)),
      zone,
    );
    // Somebody who failed is better than nobody.
    return found.length > 0 ? found : pickable(others, zone);
  }

  #pick(key: string, without: ReadonlySet<string>): Instance | null {
    const [first, ...rest] = this.#fit(without).map((instance) => this.#candidate(instance));
    if (first === undefined) return null;
    const picked = this.#choose([first, ...rest], key, without.size > 0);
    if (picked !== first && !rest.includes(picked))
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "pick: expected to return one of the candidates");
    const { id } = picked.instance;
    return this.#instances.find((instance) => instance.id === id) ?? null;
  }

  #candidate(instance: Instance): Candidate {
    return { instance, busy: this.#busy.get(instance.id) ?? 0 };
  }

  async #try<T>(
    fn: (instance: Instance, signal: AbortSignal) => Promise<T> | T,
    { key = "", tries = 2, retry = () => true }: UseOptions,
    signal: AbortSignal,
  ): Promise<T> {
    const tried = new Set<string>();
    for (;;) {
      const instance = this.#pick(key, tried);
      if (instance === null)
        throw new FlotillaError(
          "ERR_FLOTILLA_UNREACHABLE",
          `there is nobody to do ${this.name}: ${this.#outlook()}`,
        );
      tried.add(instance.id);
      try {
        return await this.#run(instance, fn, signal);
      } catch (error) {
        if (signal.aborted || tried.size >= tries || !(await retry(error)) || this.#fit(tried).length === 0)
          throw error;
      }
    }
  }

  async #run<T>(
    instance: Instance,
    fn: (instance: Instance, signal: AbortSignal) => Promise<T> | T,
    signal: AbortSignal,
  ): Promise<T> {
    const { id } = instance;
    const { clock } = this.#session;
    const life = lifeOf(instance);
    const begunMs = clock.now();
    this.#busy.set(id, (this.#busy.get(id) ?? 0) + 1);
    try {
      const result = await orAborted(Promise.resolve(fn(instance, signal)), signal);
      this.#outliers.succeeded(life, begunMs, clock.now());
      return result;
    } catch (error) {
      // Given up on by the caller, it says nothing of the instance.
      if (!FlotillaError.is(signal.reason, "ERR_FLOTILLA_ABORTED")) this.#outliers.failed(life, clock.now());
      throw error;
    } finally {
      const left = (this.#busy.get(id) ?? 1) - 1;
      if (left > 0) this.#busy.set(id, left);
      else this.#busy.delete(id);
    }
  }

  get #usable(): number {
    return this.#instances.filter(({ state }) => usable.includes(state)).length;
  }

  /** What is known of them, for whoever wants more. */
  #outlook(): string {
    return `${this.#usable} of ${this.#instances.length} that are known pass or warn`;
  }

  #whenReady(min: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const isReady = (): boolean => this.#usable >= min;
      if (isReady()) {
        resolve();
        return;
      }
      const stopListening = listen(signal, (reason) => {
        this.#waiting.delete(wake);
        reject(reason);
      });
      const wake = (): void => {
        if (!isReady()) return;
        this.#waiting.delete(wake);
        stopListening();
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}
