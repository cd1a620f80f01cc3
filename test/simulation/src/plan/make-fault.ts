import type { KeyedRandom } from "@flotilla/runtime/sim";
import { between, pick } from "./draw.ts";
import type { Fault, FaultKind } from "./plan.ts";

/** What there is to strike. */
export interface Scene {
  readonly nodes: number;
  readonly clients: number;
  /** Names the draws made when the fault fires. */
  readonly key: number;
}

/** The first change calls somebody up: three voters cannot lose one. */
export function makeMemberChange(random: KeyedRandom, atMs: number, index: number): Fault {
  const how =
    index === 0
      ? pick(random, ["add", "add", "swap"])
      : pick(random, ["add", "add", "remove-follower", "remove-leader", "remove-leader", "replace", "swap"]);
  return {
    atMs,
    kind: "members",
    target: "any",
    durMs: between(random, 3000, 15_000),
    args: { key: `m${index}`, how },
  };
}

type Shape = Pick<Fault, "target" | "durMs" | "args">;

/** Draws target, duration and the rest of a fault. */
export function makeFault(random: KeyedRandom, kind: FaultKind, atMs: number, scene: Scene): Fault {
  const { target, durMs, args } = shapeOf(random, kind, scene);
  return { atMs, kind, target, durMs, args: { key: scene.key, ...args } };
}

function shapeOf(random: KeyedRandom, kind: FaultKind, scene: Scene): Shape {
  switch (kind) {
    case "crash":
      return shape(member(random, scene), between(random, 100, 8000), { powerOff: random.chance(0.3) });
    case "crash-leader":
      return shape("leader", between(random, 100, 6000), { powerOff: random.chance(0.3) });
    case "crash-all":
      return shape("all", between(random, 100, 3000), {
        powerOff: random.chance(0.5),
        spreadMs: between(random, 0, 1500),
      });
    case "stop-in-order":
      return shape(member(random, scene), between(random, 100, 5000));
    case "pause":
      return shape(
        anyone(random, scene),
        pick(random, [between(random, 50, 800), between(random, 800, 7000)]),
      );
    case "stall":
      return shape(
        anyone(random, scene),
        pick(random, [between(random, 20, 400), between(random, 400, 4000)]),
      );
    case "clock-drift":
      return shape(pick(random, ["all", anyone(random, scene)]), between(random, 5000, 20_000));
    case "wall-jump":
      return shape(anyone(random, scene), 0, {
        byMs: pick(random, [-3_600_000, 3_600_000, -5000, 5000, 200]),
      });
    case "client-cut":
      return shape(client(random, scene), between(random, 200, 8000), {
        from: pick(random, ["server", "all"]),
      });
    case "client-crash":
      return shape(client(random, scene), between(random, 100, 4000), { powerOff: random.chance(0.5) });
    default:
      return random.chance(0.5) && isDisk(kind)
        ? shapeOfDisk(random, kind, "leader")
        : shapeOfRest(random, kind, scene);
  }
}

function shapeOfRest(random: KeyedRandom, kind: FaultKind, scene: Scene): Shape {
  if (isDisk(kind)) return shapeOfDisk(random, kind, member(random, scene));
  switch (kind) {
    case "isolate-leader":
      return shape("leader", between(random, 300, 8000));
    case "isolate-and-pause":
      return shape("leader", between(random, 2500, 9000), {
        pauseShare: between(random, 30, 70) / 100,
      });
    case "halves":
      return shape("majority", between(random, 300, 8000));
    case "bridge":
      return shape(member(random, scene), between(random, 300, 6000));
    case "one-way":
      return shape(member(random, scene), between(random, 300, 6000), {
        blind: random.chance(0.5),
        wide: random.chance(0.5),
      });
    case "late-answers":
      return shape("leader", between(random, 5000, 9000), { timeouts: between(random, 15, 30) / 10 });
    case "half-open":
      return shape(anyone(random, scene), 0);
    case "delay":
      return shape(pick(random, ["all", member(random, scene)]), between(random, 500, 6000), {
        extraMs: pick(random, [5, 30, 150, 600, 1500]),
      });
    case "message-loss":
      return shape("all", between(random, 1000, 8000), {
        drop: between(random, 0, 25) / 100,
        repeat: between(random, 0, 30) / 100,
        reorder: between(random, 0, 30) / 100,
      });
    case "throttle":
      return shape(pick(random, ["all", member(random, scene)]), between(random, 1000, 6000), {
        bytesPerMs: pick(random, [2, 10, 50]),
      });
    case "slow-cpu":
      return shape(member(random, scene), between(random, 1000, 8000), {
        perCallbackMs: pick(random, [0.1, 0.5, 2]),
      });
    case "bit-rot":
      return shape("follower", between(random, 100, 3000), {
        how: pick(random, ["flip", "lose", "unreadable", "block", "file"]),
        count: between(random, 1, 3),
      });
    case "lost-data":
      return shape("follower", between(random, 100, 3000), {
        how: pick(random, ["cut", "empty", "wipe", "roll-back", "no-marker"]),
        count: between(random, 1, 40),
      });
    default:
      return shape(member(random, scene), between(random, 300, 8000));
  }
}

function isDisk(kind: FaultKind): boolean {
  return kind === "slow-disk" || kind === "stuck-disk" || kind === "failing-disk" || kind === "full-disk";
}

function shapeOfDisk(random: KeyedRandom, kind: FaultKind, target: string): Shape {
  const durMs = between(random, 300, 6000);
  if (kind === "slow-disk") return shape(target, durMs, { extraMs: pick(random, [5, 20, 100, 400]) });
  if (kind === "failing-disk") return shape(target, durMs, { cost: pick(random, ["write", "sync"]) });
  return shape(target, durMs);
}

function shape(target: string, durMs: number, args: Fault["args"] = {}): Shape {
  return { target, durMs, args };
}

function member(random: KeyedRandom, { nodes }: Scene): string {
  return pick(random, ["leader", "follower", "any", `node#${random.below(nodes)}`]);
}

function client(random: KeyedRandom, { clients }: Scene): string {
  return `client#${random.below(clients)}`;
}

function anyone(random: KeyedRandom, scene: Scene): string {
  return random.chance(0.6) ? member(random, scene) : client(random, scene);
}
