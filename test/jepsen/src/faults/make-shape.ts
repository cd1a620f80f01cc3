import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { Fault } from "../plan/plan.ts";
import type { Shape } from "./network-shapes.ts";
import { around, between, isolate, majoritiesRing, oneWay, split } from "./network-shapes.ts";

/** What a network fault does, once its targets are known. */
export function shapeOf(
  { kind, args }: Fault,
  targets: readonly string[],
  members: readonly string[],
  random: KeyedRandom,
): Shape {
  const [id = ""] = targets;
  const others = members.filter((name) => name !== id);
  switch (kind) {
    case "halves": {
      const majority = Math.floor(members.length / 2) + 1;
      const whole = random.chance(0.5) ? [id, ...others] : [...others, id];
      return split(whole.slice(0, majority), whole.slice(majority));
    }
    case "bridge": {
      const half = Math.floor(members.length / 2);
      return split(members.slice(0, half), members.slice(members.length - half));
    }
    case "majorities-ring":
      return members.length < 5 ? between(members[0] ?? "", members[1] ?? "") : majoritiesRing(members);
    case "one-way":
      return oneWay(id, members, args["deaf"] === true ? "deaf" : "mute");
    case "client-cut":
      return around(id, { cut: true });
    case "delay":
      return around(id, { delayMs: Number(args["delayMs"] ?? 100) });
    case "throttle":
      return around(id, { bytesPerSecond: Number(args["bytesPerSecond"] ?? 20_000) });
    default:
      return isolate(id, members, { clients: args["clients"] === true });
  }
}
