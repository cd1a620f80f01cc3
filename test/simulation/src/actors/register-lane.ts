import type { Operation } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isOver, sleep, think } from "./actor.ts";
import { toNs } from "./lease-book.ts";
import { pairRoot, queueRoot, registerRoot, type Paths } from "./paths.ts";
import type { Settled, TrackedSession } from "./tracked-session.ts";
import { text } from "@flotilla/coord/client";

const observations: Readonly<Record<string, string>> = {
  ERR_FLOTILLA_NOT_FOUND: "NO_NODE",
  ERR_FLOTILLA_EXISTS: "NODE_EXISTS",
  ERR_FLOTILLA_BAD_VERSION: "BAD_VERSION",
};

type Written = { readonly stat: { readonly version: number }; readonly revision: number };

/** One request after another on registers, now and then on sequential nodes, pairs and lists of children. */
export class RegisterLane {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  readonly #paths: Paths;
  #tracked: TrackedSession;
  #client: number;
  #values = 0;
  #version = 0;
  readonly #name: string;

  constructor(actor: ActorProcess, tracked: TrackedSession, name: string, paths: Paths) {
    this.#actor = actor;
    this.#tracked = tracked;
    this.#name = name;
    this.#random = actor.random.fork(name);
    this.#paths = paths;
    this.#client = actor.world.history.newClient();
  }

  /** Goes on until the session is gone or everybody is to stop. */
  async run(): Promise<void> {
    const { session } = this.#tracked;
    while (!isOver(session) && !this.#actor.isStopping()) {
      await think(this.#actor, this.#random, this.#actor.world.plan.config.thinkMs);
      if (isOver(session) || this.#actor.isStopping()) return;
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    const draw = this.#random.float();
    if (draw < 0.82) await this.#register(draw / 0.82);
    else if (draw < 0.88) await this.#sequential();
    else if (draw < 0.94) await this.#pair();
    else if (draw < 0.942) await this.#doom();
    else if (draw < 0.95) await this.#budget();
    else await this.#list();
  }

  async #register(draw: number): Promise<void> {
    const path = this.#paths.register(this.#random);
    if (draw < 0.22) return this.#get(path);
    if (draw < 0.28) return this.#exists(path);
    if (draw < 0.4) return this.#readLocal(path);
    if (draw < 0.55) return this.#create(path);
    if (draw < 0.75) return this.#set(path, null);
    if (draw < 0.9) return this.#set(path, Math.max(0, this.#version - this.#random.below(2)));
    return this.#delete(path);
  }

  #limits(): { timeoutMs: number } {
    return { timeoutMs: 1000 + this.#random.below(6000) };
  }

  #value(): string {
    this.#values += 1;
    return `${this.#actor.name}.${this.#name}-${this.#values}`;
  }

  #invoke(op: Operation): number {
    const { history, kernel } = this.#actor.world;
    const { session } = this.#tracked;
    const origin = { session: session.id, ...(session.server === null ? {} : { node: session.server }) };
    return history.invoke(this.#client, op, toNs(kernel.nowMs), origin);
  }

  #settle(id: number, settled: Exclude<Settled<unknown>, { outcome: "ok" }>): void {
    const { history, kernel } = this.#actor.world;
    if (settled.outcome === "unknown") {
      history.unknown(id);
      this.#client = history.newClient();
    } else {
      history.fail(id, toNs(kernel.nowMs), observations[settled.code] ?? settled.code);
    }
  }

  async #get(path: string): Promise<void> {
    const { history, kernel } = this.#actor.world;
    const id = this.#invoke({ type: "get", path });
    const settled = await this.#tracked.get(path, "linearizable", this.#limits());
    if (settled.outcome !== "ok") return this.#settle(id, settled);
    const node = settled.value;
    if (node === null) return history.fail(id, toNs(kernel.nowMs), "NO_NODE");
    const { version, mzxid } = node.stat;
    this.#version = version;
    history.ok(id, toNs(kernel.nowMs), { value: text(node.value), version, zxid: mzxid });
  }

  async #exists(path: string): Promise<void> {
    const { history, kernel } = this.#actor.world;
    const id = this.#invoke({ type: "exists", path });
    const settled = await this.#tracked.exists(path, "linearizable", this.#limits());
    if (settled.outcome !== "ok") return this.#settle(id, settled);
    const stat = settled.value;
    if (stat === null) return history.ok(id, toNs(kernel.nowMs), { exists: false });
    history.ok(id, toNs(kernel.nowMs), { exists: true, version: stat.version, zxid: stat.mzxid });
  }

  async #readLocal(path: string): Promise<void> {
    const settled = await this.#tracked.get(path, "local", this.#limits());
    if (settled.outcome === "ok" && settled.value !== null) this.#version = settled.value.stat.version;
  }

  async #create(path: string): Promise<void> {
    const value = this.#value();
    const id = this.#invoke({ type: "create", path, value });
    await this.#written(id, "create", path, value, () =>
      this.#tracked.session.create(path, value, this.#limits()),
    );
  }

  async #set(path: string, version: number | null): Promise<void> {
    const value = this.#value();
    const op: Operation =
      version === null
        ? { type: "set", path, value }
        : { type: "cas", path, value, expectedVersion: version };
    const id = this.#invoke(op);
    const condition = version === null ? {} : { version };
    await this.#written(id, "set", path, value, () =>
      this.#tracked.session.set(path, value, { ...this.#limits(), ...condition }),
    );
  }

  async #written(
    id: number,
    type: string,
    path: string,
    value: string,
    call: () => Promise<Written>,
  ): Promise<void> {
    const { history, kernel } = this.#actor.world;
    const settled = await this.#tracked.write(
      { type, path, value, opId: id },
      call,
      (written) => written.revision,
    );
    if (settled.outcome !== "ok") return this.#settle(id, settled);
    const { stat, revision } = settled.value;
    this.#version = stat.version;
    history.ok(id, toNs(kernel.nowMs), { version: stat.version, zxid: revision });
  }

  async #delete(path: string): Promise<void> {
    const { history, kernel } = this.#actor.world;
    const id = this.#invoke({ type: "delete", path });
    const asked = { type: "delete", path, value: null, opId: id };
    const options = this.#limits();
    const settled = await this.#tracked.write(
      asked,
      async () => {
        const { session } = this.#tracked;
        if (await session.delete(path, options)) return null;
        throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", path);
      },
      () => null,
    );
    if (settled.outcome !== "ok") this.#settle(id, settled);
    else history.ok(id, toNs(kernel.nowMs));
  }

  async #sequential(): Promise<void> {
    const value = this.#value();
    const ephemeral = this.#random.chance(0.3);
    const passes = !ephemeral && this.#random.chance(0.3);
    const ttl = passes ? { ttlMs: 1 + this.#random.below(2_000) } : {};
    const options = { ...this.#limits(), sequential: true, ephemeral, ...ttl };
    const settled = await this.#tracked.write(
      { type: "create", path: `${queueRoot}/n-`, value, opId: null },
      () => this.#tracked.session.create(`${queueRoot}/n-`, value, options),
      (written) => written.revision,
    );
    if (settled.outcome !== "ok" || passes || this.#random.chance(0.3)) return;
    // Keeps the list of children short.
    const { path } = settled.value;
    await sleep(this.#actor, 50);
    if (this.#tracked.session.signal.aborted) return;
    await this.#tracked.write(
      { type: "delete", path, value: null, opId: null },
      () => this.#tracked.session.delete(path, this.#limits()),
      () => null,
    );
  }

  async #pair(): Promise<void> {
    const [a, b] = this.#paths.pair(this.#random);
    const value = this.#value();
    const asked = { type: "multi", path: a, value, opId: null };
    const both = [
      { type: "put", path: a, value },
      { type: "put", path: b, value },
    ] as const;
    const root = { type: "check", path: pairRoot, exists: true } as const;
    const isConditional = this.#random.chance(0.5);
    const items = isConditional ? both : [...both, root];
    const options = { ...this.#limits(), ...(isConditional ? { if: [root], else: [] } : {}) };
    await this.#tracked.write(
      asked,
      () => this.#tracked.session.multi(items, options),
      (done) => done.revision,
    );
  }

  /** Has somebody's session ended, perhaps the own one, perhaps one that is over. */
  async #doom(): Promise<void> {
    const sessions = [...this.#actor.world.ledger.writes.keys()];
    const victim = sessions[this.#random.below(sessions.length)];
    if (victim === undefined) return;
    await this.#tracked.write(
      { type: "doom", path: "", value: null, opId: null },
      () => this.#tracked.session.doom(victim, this.#limits()),
      () => null,
    );
  }

  /** Bounds the sequential nodes of all, now tightly, now not at all. */
  async #budget(): Promise<void> {
    const nodes = this.#random.below(12);
    const bounds = {
      nodes: { soft: Math.min(3, nodes), hard: nodes },
      bytes: { hard: 20 * nodes },
      leases: { hard: this.#random.below(4) },
      rate: { hard: 1 + this.#random.below(20) },
    };
    const budget = this.#random.chance(0.4) ? null : bounds;
    await this.#tracked.write(
      { type: "set-budget", path: queueRoot, value: null, opId: null },
      () => this.#tracked.session.setBudget(queueRoot, budget, this.#limits()),
      () => null,
    );
  }

  async #list(): Promise<void> {
    const { golden } = this.#actor.world;
    const path = this.#random.chance(0.6) ? registerRoot : queueRoot;
    await this.#tracked.children(path, () => golden.revision, this.#limits());
  }
}
