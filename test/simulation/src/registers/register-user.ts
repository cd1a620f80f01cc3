import type { Operation, OpResult } from "@flotilla/history";
import type { RaftNode } from "@flotilla/raft";
import type { Clock, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { isPassing } from "../actors/actor.ts";
import { toNs } from "../actors/lease-book.ts";
import type { Paths } from "../actors/paths.ts";
import type { NodeView } from "../online/node-view.ts";
import { between } from "../plan/draw.ts";
import type { WorldContext } from "../world/context.ts";
import type { RegisterCommand, RegisterMachine } from "./register-machine.ts";
import { encodeCommand } from "./register-machine.ts";

const mostPadding = 120;

/** What a user needs of the process it lives in. */
export interface RegisterUserOptions {
  readonly world: WorldContext;
  /** Unique over the world. */
  readonly name: string;
  readonly raft: Pick<RaftNode, "propose" | "read">;
  readonly machine: RegisterMachine;
  readonly clock: Clock;
  readonly view: NodeView;
  readonly random: KeyedRandom;
  readonly paths: Paths;
  readonly thinkMs: number;
}

/** One operation on registers after another, at the log of one member and from within its process. */
export class RegisterUser {
  readonly #options: RegisterUserOptions;
  #client: number;
  #count = 0;
  #version = 0;
  #servedMs = 0;
  #timer: Timer | null = null;
  #isDone = false;

  constructor(options: RegisterUserOptions) {
    this.#options = options;
    this.#client = options.world.history.newClient();
  }

  /** When its last operation was answered, virtual ms. */
  get servedMs(): number {
    return this.#servedMs;
  }

  /** Nothing of it is under way, and nothing will be. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Goes on until the process ends, everybody is to stop, or `stop`. */
  start(): void {
    const { clock, random, thinkMs } = this.#options;
    this.#timer = clock.setTimer(thinkMs * (0.25 + 1.5 * random.float()), () => this.#next());
  }

  /** What is under way comes to its end. */
  stop(): void {
    this.#timer?.cancel();
    this.#isDone = true;
  }

  #next(): void {
    const { world } = this.#options;
    if (world.isStopping()) this.#isDone = true;
    if (this.#isDone) return;
    this.#step().then(() => {
      if (!this.#isDone) this.start();
    }, world.crashed);
  }

  async #step(): Promise<void> {
    const { random, paths } = this.#options;
    const path = paths.register(random);
    const draw = random.float();
    if (draw < 0.4) return this.#read(path);
    if (draw < 0.55) return this.#write("create", path);
    if (draw < 0.75) return this.#write("set", path);
    return draw < 0.9 ? this.#write("cas", path) : this.#write("delete", path);
  }

  async #read(path: string): Promise<void> {
    const { raft, machine, view, world } = this.#options;
    const { reads } = world.monitor;
    const id = this.#invoke({ type: "get", path });
    const least = reads.committed;
    try {
      const index = await raft.read();
      reads.answered(view, index, least);
      const register = machine.get(path);
      if (register === undefined) return this.#observed(id, "NO_NODE");
      this.#version = register.version;
      this.#ok(id, { value: register.value, version: register.version, zxid: register.index });
    } catch (error) {
      if (!FlotillaError.is(error) || !isPassing(error)) throw error;
      world.history.fail(id, this.#nowNs, error.code);
    }
  }

  async #write(type: RegisterCommand["type"], path: string): Promise<void> {
    const { world, raft, name, random } = this.#options;
    this.#count += 1;
    const value = `${name}-${this.#count}`;
    const expected = Math.max(0, this.#version - random.below(2));
    const id = this.#invoke(operation(type, path, value, expected));
    world.registers.asked(id, value);
    const padding = between(random, 0, mostPadding);
    try {
      const { index, result } = await raft.propose(
        encodeCommand({ id: value, type, path, expected, padding }),
      );
      if (typeof result === "string") return this.#observed(id, result);
      const version = Number(result);
      this.#version = version;
      this.#ok(id, type === "delete" ? { zxid: index } : { version, zxid: index });
    } catch (error) {
      this.#refused(id, error);
    }
  }

  #refused(id: number, error: unknown): void {
    const { world } = this.#options;
    if (FlotillaError.is(error, "ERR_FLOTILLA_UNKNOWN_OUTCOME")) {
      world.history.unknown(id);
      this.#client = world.history.newClient();
    } else if (FlotillaError.is(error) && refusals.has(error.code)) {
      world.history.fail(id, this.#nowNs, error.code);
    } else throw error;
  }

  get #nowNs(): number {
    return toNs(this.#options.world.kernel.nowMs);
  }

  #invoke(op: Operation): number {
    const { world, view } = this.#options;
    return world.history.invoke(this.#client, op, this.#nowNs, { node: view.id });
  }

  #observed(id: number, what: string): void {
    this.#answered();
    this.#options.world.history.fail(id, this.#nowNs, what);
  }

  #ok(id: number, result: OpResult): void {
    this.#answered();
    this.#options.world.history.ok(id, this.#nowNs, result);
  }

  #answered(): void {
    const { world } = this.#options;
    this.#servedMs = world.kernel.nowMs;
    world.ledger.answered += 1;
  }
}

/** Refusals that promise that nothing came of it. */
const refusals: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_CLOSED",
  "ERR_FLOTILLA_DROPPED",
  "ERR_FLOTILLA_OVERLOADED",
]);

function operation(
  type: RegisterCommand["type"],
  path: string,
  value: string,
  expectedVersion: number,
): Operation {
  if (type === "delete") return { type, path };
  return type === "cas" ? { type, path, value, expectedVersion } : { type, path, value };
}
