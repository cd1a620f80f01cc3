import type { MessageFaults } from "@flotilla/runtime/sim";
import { pick } from "../plan/draw.ts";
import { bothWays } from "../world/cuts.ts";
import type { World } from "../world/world.ts";
import type { Firing } from "./fault-context.ts";
import { flagArg, numberArg, textArg } from "./fault-context.ts";
import { freeze } from "./process-faults.ts";
import { halves, resolve, resolveServer } from "./targets.ts";

function memberIds(world: World): string[] {
  return world.present.map(({ id }) => id);
}

function machineNames(world: World): string[] {
  const clients = world.clients.flatMap(({ machine }) => (machine === null ? [] : [machine.name]));
  return [...memberIds(world), ...clients];
}

function cut({ world, whenOver }: Firing, ways: readonly (readonly [string, string])[]): void {
  whenOver(world.cuts.cut(ways));
}

/** Cuts a member off from everybody, or from members alone. */
export function isolate(firing: Firing): string | null {
  const { world, fault, random } = firing;
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  cut(firing, bothWays([server.id], random.chance(0.5) ? machineNames(world) : memberIds(world)));
  return server.id;
}

/**
 * Cuts a member off from the others, and stops its process for a part of that time: when it goes on, others
 * may have gone on without it, and it cannot know.
 */
export function isolateAndPause(firing: Firing): string | null {
  const { world, fault, random, whenOver } = firing;
  const server = resolveServer(world, fault.target, random);
  if (server === null || server.machine.isPaused) return null;
  whenOver(world.cuts.cut(bothWays([server.id], memberIds(world))));
  whenOver(freeze(world, server.machine), fault.durMs * numberArg(fault, "pauseShare", 0.5));
  return server.id;
}

/** Splits the members in two, clients here and there. */
export function splitInHalves(firing: Firing): string | null {
  const { world, random } = firing;
  const [many, few] = halves(world, random);
  const withClients: [string[], string[]] = [[...many], [...few]];
  for (const { machine } of world.clients) {
    const draw = random.float();
    if (machine !== null && draw < 0.8) withClients[draw < 0.4 ? 0 : 1].push(machine.name);
  }
  cut(firing, bothWays(...withClients));
  return `${many.join(" ")} | ${few.join(" ")}`;
}

/** Splits the members in two but for one, which reaches both sides. */
export function bridge(firing: Firing): string | null {
  const { world, fault, random } = firing;
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  const others = memberIds(world).filter((id) => id !== server.id);
  const middle = Math.ceil(others.length / 2);
  cut(firing, bothWays(others.slice(0, middle), others.slice(middle)));
  return server.id;
}

/** A member that does not hear others, or that they do not hear: all of them or one. */
export function oneWay(firing: Firing): string | null {
  const { world, fault, random } = firing;
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  const others = memberIds(world).filter((id) => id !== server.id);
  const some = flagArg(fault, "wide") ? others : [pick(random, others)];
  cut(
    firing,
    some.map((other): [string, string] =>
      flagArg(fault, "blind") ? [other, server.id] : [server.id, other],
    ),
  );
  return server.id;
}

const rampSteps = 25;
/** Slower than time itself, so that a leader keeps hearing answers, if fewer. */
const rampSlope = 0.8;

/**
 * What is sent to a member arrives later and later, up to more than an election timeout, without a gap that it
 * would notice; then what it sends no longer arrives. It goes on hearing answers to what it said long ago.
 */
export function lateAnswers(firing: Firing): string | null {
  const { world, fault, random, isOn, whenOver } = firing;
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  const others = memberIds(world).filter((id) => id !== server.id);
  const extraMs = world.plan.config.electionTimeoutMs * numberArg(fault, "timeouts", 2);
  const toIt = others.map((id): [string, string] => [id, server.id]);
  const stepMs = extraMs / rampSteps;
  for (let step = 1; step <= rampSteps; step += 1) {
    world.kernel.after((step * stepMs) / rampSlope, () => {
      if (isOn()) slow(firing, toIt, stepMs);
    });
  }
  world.kernel.after(extraMs / rampSlope, () => {
    if (isOn())
      whenOver(world.cuts.cut(others.map((id): [string, string] => [server.id, id])), extraMs * 1.2);
  });
  return server.id;
}

/** What one machine sends to others on the connections there are vanishes. */
export function halfOpen({ world, fault, random }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  const others = memberIds(world).filter((id) => id !== struck.machine.name);
  const some = random.chance(0.5) ? others : [pick(random, others)];
  for (const other of some) {
    if (random.chance(0.5)) world.kernel.network.halfOpen(struck.machine.name, other);
    else world.kernel.network.halfOpen(other, struck.machine.name);
  }
  return struck.machine.name;
}

/** Breaks the connections of a machine. */
export function reset({ world, fault, random }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  const others = machineNames(world).filter((name) => name !== struck.machine.name);
  const all = random.chance(0.5);
  for (const other of others)
    if (random.chance(0.4) || all) world.kernel.network.reset(struck.machine.name, other);
  return struck.machine.name;
}

/** Cuts a client off from its server, or from all. */
export function clientCut(firing: Firing): string | null {
  const { world, fault, random } = firing;
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  const { machine, client } = struck;
  const attached = [...(client?.actor?.coords ?? [])]
    .map(({ session }) => session.server)
    .filter((id) => id !== null);
  const isAll = textArg(fault, "from") === "all" || attached.length === 0;
  cut(firing, bothWays([machine.name], isAll ? memberIds(world) : attached));
  return machine.name;
}

/** Slows the links of one member, or all. */
export function delay(firing: Firing): string | null {
  const { world, fault, random } = firing;
  const names = machineNames(world);
  const one = fault.target === "all" ? null : resolveServer(world, fault.target, random);
  if (fault.target !== "all" && one === null) return null;
  const ways = one === null ? bothWays(memberIds(world), memberIds(world)) : bothWays([one.id], names);
  slow(firing, ways, numberArg(fault, "extraMs", 50));
  return one?.id ?? "all";
}

function slow(
  { world, whenOver }: Firing,
  ways: readonly (readonly [string, string])[],
  extraMs: number,
): void {
  const links = ways.map(([from, to]) => world.kernel.network.link(from, to));
  for (const link of links) link.extraMs += extraMs;
  whenOver(() => {
    for (const link of links) link.extraMs = Math.max(0, link.extraMs - extraMs);
  });
}

/** Lets little through the links of one member, or of all. */
export function throttle({ world, fault, random, whenOver }: Firing): string | null {
  const one = fault.target === "all" ? null : resolveServer(world, fault.target, random);
  if (fault.target !== "all" && one === null) return null;
  const ways = bothWays(one === null ? memberIds(world) : [one.id], memberIds(world));
  const links = ways.map(([from, to]) => world.kernel.network.link(from, to));
  for (const link of links) link.bytesPerMs = numberArg(fault, "bytesPerMs", 10);
  whenOver(() => {
    for (const link of links) link.bytesPerMs = undefined;
  });
  return one?.id ?? "all";
}

/** Members lose, repeat and reorder single messages. */
export function messageLoss({ world, fault, whenOver }: Firing): string | null {
  const faults: MessageFaults = {
    drop: numberArg(fault, "drop", 0.1),
    repeat: numberArg(fault, "repeat", 0.1),
    reorder: numberArg(fault, "reorder", 0.1),
  };
  world.kernel.network.setPeerFaults(faults);
  whenOver(() => world.kernel.network.setPeerFaults({}));
  return "all";
}
