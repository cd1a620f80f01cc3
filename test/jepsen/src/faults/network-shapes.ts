import type { Flow } from "../processes/tcp-lane.ts";

/** What a network fault does to bytes from one to another. */
export type Shape = (sender: string, receiver: string) => Flow;

type Names = readonly string[];

/** A member apart from all others; with `clients`, from these as well. */
export function isolate(id: string, members: Names, reach: { readonly clients: boolean }): Shape {
  const concerns = (name: string): boolean => reach.clients || members.includes(name);
  return (sender, receiver) => ({
    cut: (sender === id && concerns(receiver)) || (receiver === id && concerns(sender)),
  });
}

/** Nothing gets from other members to one, or from one to other members. */
export function oneWay(id: string, members: Names, way: "deaf" | "mute"): Shape {
  return (sender, receiver) => {
    const [side, other] = way === "deaf" ? [receiver, sender] : [sender, receiver];
    return { cut: side === id && members.includes(other) };
  };
}

/** Two groups that do not reach each other. Who is in neither reaches both. */
export function split(one: Names, other: Names): Shape {
  return (sender, receiver) => ({
    cut:
      (one.includes(sender) && other.includes(receiver)) ||
      (other.includes(sender) && one.includes(receiver)),
  });
}

/** Each member reaches a majority, made of its neighbours in a ring, and no two the same. */
export function majoritiesRing(members: Names): Shape {
  const reach = Math.floor(members.length / 4);
  return (sender, receiver) => {
    const [from, to] = [members.indexOf(sender), members.indexOf(receiver)];
    if (from < 0 || to < 0) return {};
    const gap = Math.abs(from - to);
    return { cut: Math.min(gap, members.length - gap) > reach };
  };
}

/** Nothing travels between these two. */
export function between(a: string, b: string): Shape {
  return (sender, receiver) => ({
    cut: (sender === a && receiver === b) || (sender === b && receiver === a),
  });
}

/** Everything to and from this one travels so. */
export function around(id: string, flow: Flow): Shape {
  return (sender, receiver) => (sender === id || receiver === id ? flow : {});
}

/** All of them at once: cut by one is cut, delays add up, the narrowest bound holds. */
export function together(shapes: Iterable<Shape>): Shape {
  const all = [...shapes];
  return (sender, receiver) =>
    all.reduce<Flow>((sum, shape) => {
      const { cut = false, delayMs = 0, bytesPerSecond } = shape(sender, receiver);
      const bounds = [sum.bytesPerSecond, bytesPerSecond].filter((bound) => bound !== undefined);
      return {
        cut: sum.cut === true || cut,
        delayMs: (sum.delayMs ?? 0) + delayMs,
        ...(bounds.length === 0 ? {} : { bytesPerSecond: Math.min(...bounds) }),
      };
    }, {});
}
