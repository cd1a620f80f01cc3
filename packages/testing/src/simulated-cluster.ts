import { connect } from "@flotilla/coord";
import type { Coord, CoordNode } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import type { CrashOptions, SimNode } from "@flotilla/runtime/sim";
import type { ClientOptions, Machine, SleepOptions, TestCluster, Within } from "./api.ts";
import { Driver } from "./driver.ts";
import { badArgument, requireDuration, requireNames, requireWithin } from "./bad-argument.ts";
import { Machines } from "./machines.ts";
import type { Members } from "./members.ts";
import { sleepOn } from "./sleep.ts";

/** A cluster, its clients, and what can happen to them. */
export class SimulatedCluster implements TestCluster {
  readonly seed: number | string;
  readonly #members: Members;
  readonly #driver: Driver;
  readonly #machines: Machines;
  #clients = 0;
  readonly sleep = (ms: number, options: SleepOptions = {}): Promise<void> => {
    this.#driver.requireOpen();
    requireNames(options, "on", "signal");
    const { on, signal } = options;
    requireDuration("sleep", ms);
    if (on !== undefined) return sleepOn((fn) => this.#machines.clock(on).setTimer(ms, fn), signal);
    return sleepOn((fn) => this.#members.kernel.after(ms, fn), signal);
  };

  constructor(seed: number | string, members: Members) {
    this.seed = seed;
    this.#members = members;
    this.#driver = new Driver(members.kernel);
    this.#machines = new Machines(members.kernel);
  }

  /** Starts every member; resolves once one of them leads. */
  async start(): Promise<void> {
    const starting = Promise.all(this.ids.map((id) => this.#start(id)));
    await this.#driver.until(starting, "starting the members");
    await this.leader();
  }

  get nowMs(): number {
    return this.#members.kernel.nowMs;
  }

  get ids(): readonly string[] {
    return this.#members.ids;
  }

  async client({ name, ...options }: ClientOptions = {}): Promise<Coord> {
    this.#driver.requireOpen();
    const machine = this.#members.kernel.node(name ?? this.#freeName());
    if (this.ids.includes(machine.name)) throw badArgument(`${machine.name} is a member's`);
    if (machine.isRunning) throw badArgument(`a process runs on ${machine.name} already`);
    const endpoints = this.ids.map((id) => this.#members.address(id));
    const connecting = connect({ ...options, endpoints, host: machine.start() });
    try {
      const coord = await this.#driver.until(connecting, `connecting ${machine.name}`);
      this.#machines.bind(coord, machine.name);
      return coord;
    } catch (error) {
      machine.crash();
      throw error;
    }
  }

  coord(member: number | string): CoordNode {
    this.#driver.requireOpen();
    const id = typeof member === "number" ? `n${member}` : member;
    const node = this.#members.nodes.get(this.#memberId(id));
    if (node !== undefined && this.#machines.get(id).isRunning) return node;
    throw new FlotillaError("ERR_FLOTILLA_CLOSED", `${id} does not run`);
  }

  async leader(options?: Within): Promise<string> {
    // As it was when it was seen: it may have fallen since.
    const seen: { leader?: string | undefined } = {};
    const isFound = (): boolean => (seen.leader ??= this.#members.leading()) !== undefined;
    for (;;) {
      await this.when(isFound, options);
      if (seen.leader !== undefined) return seen.leader;
    }
  }

  async run<T>(work: () => Promise<T>, options?: Within): Promise<T> {
    this.#driver.requireOpen();
    requireWithin(options);
    return this.#driver.until(work(), "the work", options);
  }

  until<T>(promise: Promise<T>, options?: Within): Promise<T> {
    return this.#driver.until(promise, "the promise", options);
  }

  async when(condition: () => boolean, options?: Within): Promise<void> {
    this.#driver.requireOpen();
    requireWithin(options);
    if (condition()) return;
    const { promise, stop } = this.#coming(condition);
    try {
      await this.#driver.until(promise, "the condition", options);
    } finally {
      stop();
    }
  }

  advance(ms: number): Promise<void> {
    requireDuration("advance", ms);
    const over = new Promise<void>((resolve) => this.#members.kernel.after(ms, resolve));
    return this.#driver.until(over, `${ms} ms`, { withinMs: ms + 1 });
  }

  partition(...groups: readonly (readonly Machine[])[]): void {
    const named = groups.map((group) => group.map((machine) => this.#machine(machine).name));
    this.#members.kernel.network.partition(...named);
  }

  isolate(...machines: readonly Machine[]): void {
    const named = machines.map((machine) => this.#machine(machine).name);
    for (const name of named) this.#members.kernel.network.isolate(name);
  }

  heal(): void {
    this.#driver.requireOpen();
    this.#members.kernel.network.healAll();
  }

  reset(a: Machine, b: Machine): void {
    this.#members.kernel.network.reset(this.#machine(a).name, this.#machine(b).name);
  }

  kill(machine: Machine, options: CrashOptions = {}): void {
    requireNames(options, "powerOff");
    this.#machine(machine).crash(options);
  }

  async restart(member: Machine, options?: Within): Promise<void> {
    const machine = this.#machine(member);
    const id = this.#memberId(machine.name);
    requireWithin(options);
    machine.crash();
    await this.#driver.until(this.#start(id), `starting ${id}`, options);
  }

  pause(machine: Machine): void {
    this.#machine(machine).pause();
  }

  resume(machine: Machine): void {
    this.#machine(machine).resume();
  }

  stall(machine: Machine, ms: number): void {
    requireDuration("stall", ms);
    this.#machine(machine).stall(ms);
  }

  slowDisk(machine: Machine, ms: number): void {
    requireDuration("slowDisk", ms);
    this.#machine(machine).disk.slow(ms);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    this.#driver.close();
    for (const machine of this.#members.kernel.nodes()) machine.stop();
  }

  async #start(id: string): Promise<void> {
    await this.#members.found(id);
    const node = this.#members.nodes.get(id);
    if (node !== undefined) this.#machines.bind(node, id);
  }

  /** Looks after every event whether a condition holds. */
  #coming(condition: () => boolean): { readonly promise: Promise<void>; readonly stop: () => void } {
    let holds: () => void;
    const promise = new Promise<void>((resolve) => {
      holds = resolve;
    });
    const stop = this.#members.kernel.onAfterEvent(() => {
      if (condition()) holds();
    });
    return { promise, stop };
  }

  #machine(machine: Machine): SimNode {
    this.#driver.requireOpen();
    return this.#machines.get(machine);
  }

  #memberId(id: string): string {
    if (this.ids.includes(id)) return id;
    throw badArgument(`no such member: ${id}; there are ${this.ids.join(", ")}`);
  }

  #freeName(): string {
    const taken = new Set(this.#members.kernel.nodes().map(({ name }) => name));
    do this.#clients += 1;
    while (taken.has(`c${this.#clients}`));
    return `c${this.#clients}`;
  }
}
