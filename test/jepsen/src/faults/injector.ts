import { setTimeout as pause } from "node:timers/promises";
import { keyedRandom } from "@flotilla/runtime/sim";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { pick } from "../plan/make-plan.ts";
import type { Fault, Plan } from "../plan/plan.ts";
import { embeddedClients } from "../plan/plan.ts";
import type { Links } from "../processes/links.ts";
import { leaderIn, viewsOf } from "../run/views.ts";
import type { MemberChange } from "./churn.ts";
import { Churn } from "./churn.ts";
import type { Clocks } from "./clocks.ts";
import type { Disks } from "./disks.ts";
import { shapeOf } from "./make-shape.ts";
import type { Shape } from "./network-shapes.ts";
import { isolate, split, together } from "./network-shapes.ts";
import { Lives } from "./lives.ts";
import type { Roster } from "./roster.ts";

/** A fault as it happened. */
export interface Struck {
  readonly kind: Fault["kind"];
  /** Members or clients that it struck. */
  readonly targets: readonly string[];
  readonly fromMs: number;
  toMs: number;
}

/** What faults strike. */
export interface Scene {
  readonly linked: Links;
  readonly roster: Roster;
  readonly disks: Disks;
  readonly clocks: Clocks;
}

interface Active {
  readonly endMs: number;
  readonly end: () => Promise<void> | void;
  readonly struck: Struck;
}

/** A vote may be on no disk for a fifth of a second at most. */
const electionPollMs = 5;
const electionPatienceMs = 3_000;

/** Makes the faults of a plan happen to real processes. */
export class Injector {
  /** What happened, oldest first. */
  readonly struck: Struck[] = [];
  readonly lives: Lives;
  readonly churn: Churn;
  readonly #plan: Plan;
  readonly #linked: Links;
  readonly #roster: Roster;
  readonly #clocks: Clocks;
  readonly #nowMs: () => number;
  readonly #random: KeyedRandom;
  readonly #shapes = new Set<Shape>();
  #active: Active[] = [];

  /** @param nowMs since the clients began */
  constructor(plan: Plan, { linked, roster, disks, clocks }: Scene, nowMs: () => number) {
    this.#plan = plan;
    this.#linked = linked;
    this.#roster = roster;
    this.#clocks = clocks;
    this.churn = new Churn(linked.cluster, roster);
    this.#nowMs = nowMs;
    this.#random = keyedRandom(plan.seed, "jepsen-faults");
    this.lives = new Lives(linked.cluster, disks);
  }

  /** All faults in their time, each ended in its own; resolves once all are over. */
  async run(): Promise<void> {
    const waiting = [...this.#plan.faults];
    for (;;) {
      const next = waiting[0];
      const ending = this.#active.toSorted((a, b) => a.endMs - b.endMs)[0];
      if (next === undefined && ending === undefined) return;
      const atMs = Math.min(next?.atMs ?? Infinity, ending?.endMs ?? Infinity);
      await pause(Math.max(0, atMs - this.#nowMs()));
      if (ending !== undefined && ending.endMs <= atMs) await this.#end(ending);
      else if (next !== undefined) {
        waiting.shift();
        await this.#strike(next);
      }
    }
  }

  async #end(active: Active): Promise<void> {
    this.#active = this.#active.filter((other) => other !== active);
    await active.end();
    active.struck.toMs = this.#nowMs();
  }

  async #strike(fault: Fault): Promise<void> {
    const targets = await this.#resolve(fault);
    if (targets.length === 0) return;
    const struck: Struck = { kind: fault.kind, targets, fromMs: this.#nowMs(), toMs: this.#nowMs() };
    this.struck.push(struck);
    const end = await this.#begin(fault, targets, struck);
    this.#active.push({ endMs: this.#nowMs() + fault.durMs, end, struck });
  }

  /** What the fault does; the result undoes it. */
  async #begin(
    fault: Fault,
    targets: readonly string[],
    struck: Struck,
  ): Promise<() => Promise<void> | void> {
    const { lives } = this;
    switch (fault.kind) {
      case "crash":
      case "crash-leader":
      case "crash-all":
      case "power-loss":
        return lives.kill(targets);
      case "stop-in-order":
        return lives.stopInOrder(targets);
      case "pause":
      case "pause-leader":
        return lives.pause(targets);
      case "failing-disk":
        return lives.failDisks(targets, "restart");
      case "slow-disk":
        return lives.failDisks(targets, "keep");
      case "reset":
        for (const id of targets)
          this.#linked.break(id, fault.args["midFrame"] === true ? "mid-frame" : "at-once");
        return () => {};
      case "flapping":
        return this.#flap(fault, targets);
      case "members":
        return this.#changeMembers(fault, struck);
      case "wall-jump":
        this.#clocks.jump(targets, Number(fault.args["byMs"] ?? 0));
        return () => {};
      case "clock-drift":
        return this.#clocks.drift(targets, this.#random);
      case "half-open":
        return this.#halfOpen(fault, targets);
      case "isolate-elected":
        return this.#isolateElected(targets);
      case "isolate-and-pause":
        return this.#isolateAndPause(fault, targets);
      default:
        return this.#bend(shapeOf(fault, targets, this.#members(), this.#random));
    }
  }

  #bend(shape: Shape): () => void {
    this.#shapes.add(shape);
    this.#reshape();
    return () => {
      this.#shapes.delete(shape);
      this.#reshape();
    };
  }

  #reshape(): void {
    this.#linked.shape(together(this.#shapes));
  }

  #changeMembers({ args, target }: Fault, struck: Struck): () => void {
    let isOver = false;
    // One that comes to nothing is no fault.
    const forget = (): void => void this.struck.splice(this.struck.indexOf(struck), 1);
    this.churn.begin(args["how"] as MemberChange, target, () => isOver, forget);
    return () => {
      isOver = true;
    };
  }

  /** The others take a member for gone at once, which takes them for well. No new connection gets through meanwhile. */
  #halfOpen({ args }: Fault, [id = ""]: readonly string[]): () => void {
    const others = this.#members().filter((name) => name !== id);
    const struck = args["wide"] === true ? others : [pick(this.#random, others)];
    const reset = this.#linked.halfOpen(id, struck);
    const straighten = this.#bend(split([id], struck));
    return () => {
      reset();
      straighten();
    };
  }

  /** When it goes on, others may have gone on without it, and it cannot know. */
  #isolateAndPause({ args, durMs }: Fault, targets: readonly string[]): () => Promise<void> {
    const [id = ""] = targets;
    const straighten = this.#bend(isolate(id, this.#members(), { clients: false }));
    const resume = this.lives.pause(targets);
    const timer = setTimeout(() => void resume(), durMs * Number(args["pauseShare"] ?? 0.5));
    return () => {
      clearTimeout(timer);
      straighten();
      return resume();
    };
  }

  /** The leader dies; whoever is elected next is cut off at once, and all others lose their power: votes may be forgotten. */
  async #isolateElected([old = ""]: readonly string[]): Promise<() => Promise<void> | void> {
    const revive = await this.lives.kill([old]);
    const elected = await this.#nextLeader();
    if (elected === null) return revive;
    const others = this.#members().filter((id) => id !== elected && id !== old);
    const dying = this.lives.kill(others);
    const straighten = this.#bend(isolate(elected, this.#members(), { clients: false }));
    const reviveOthers = await dying;
    await Promise.all([revive(), reviveOthers()]);
    return straighten;
  }

  /** Null when nobody leads for long. */
  async #nextLeader(): Promise<string | null> {
    const deadlineMs = this.#nowMs() + electionPatienceMs;
    while (this.#nowMs() < deadlineMs) {
      const leader = leaderIn(await viewsOf(this.#linked.cluster));
      if (leader !== null) return leader;
      await pause(electionPollMs);
    }
    return null;
  }

  #flap(fault: Fault, targets: readonly string[]): () => void {
    const shape = shapeOf(fault, targets, this.#members(), this.#random);
    let straighten: (() => void) | null = this.#bend(shape);
    const timer = setInterval(
      () => {
        if (straighten === null) straighten = this.#bend(shape);
        else {
          straighten();
          straighten = null;
        }
      },
      Number(fault.args["periodMs"] ?? 500),
    );
    return () => {
      clearInterval(timer);
      straighten?.();
    };
  }

  #members(): string[] {
    return this.#roster.ids;
  }

  /** One with connections that can be cut; none when all are within members. */
  #resolveClient(target: string): readonly string[] {
    const embedded = embeddedClients(this.#plan);
    const known = Array.from({ length: this.#plan.clients }, (_, k) => k);
    const thin = known.filter((k) => !embedded.includes(k));
    if (thin.length === 0) return [];
    const named = target.startsWith("client#") ? Number(target.slice(7)) : null;
    return [`c${named !== null && thin.includes(named) ? named : pick(this.#random, thin)}`];
  }

  async #resolve({ kind, target, args }: Fault): Promise<readonly string[]> {
    const all = this.#members();
    if (kind === "members") return [String(args["how"])];
    if (kind === "client-cut") return this.#resolveClient(target);
    if (kind === "crash-all" || target === "all") return all;
    if (target.startsWith("node#")) return all.slice(Number(target.slice(5))).slice(0, 1);
    const wantsLeader =
      kind.endsWith("-leader") ||
      kind === "isolate-and-pause" ||
      kind === "isolate-elected" ||
      target === "leader";
    if (!wantsLeader && target === "any") return [pick(this.#random, all)];
    const leader = leaderIn(await viewsOf(this.#linked.cluster));
    if (wantsLeader) return [leader ?? pick(this.#random, all)];
    const others = all.filter((id) => id !== leader);
    if (target === "majority")
      return [...(leader === null ? [] : [leader]), ...others].slice(0, Math.floor(all.length / 2) + 1);
    return [pick(this.#random, others)];
  }
}
