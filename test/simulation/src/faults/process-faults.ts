import type { SimNode } from "@flotilla/runtime/sim";
import type { World } from "../world/world.ts";
import type { Firing } from "./fault-context.ts";
import { flagArg, numberArg } from "./fault-context.ts";
import { resolve, resolveServer } from "./targets.ts";

/** Kills a member; it starts again when the fault is over. */
export function crash({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null || !server.crash(flagArg(fault, "powerOff"))) return null;
  whenOver(() => server.start());
  return server.id;
}

/** Kills all members within a moment. */
export function crashAll({ world, fault, random, isOn, whenOver }: Firing): string | null {
  const spreadMs = numberArg(fault, "spreadMs", 0);
  const running = world.sound.filter(({ machine }) => machine.isRunning);
  if (running.length * 2 <= world.present.length) return null;
  for (const server of running) {
    world.kernel.after(spreadMs * random.float(), () => {
      if (isOn()) server.crash(flagArg(fault, "powerOff"));
    });
  }
  whenOver(() => {
    // Not before the last of them is down.
    for (const server of running) world.kernel.after(spreadMs + random.float() * 500, () => server.start());
  });
  return "all";
}

/** Closes a member in order; it starts again when it is closed and the fault is over. */
export function stopInOrder({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  let isOver = false;
  let isClosed = false;
  const restart = (): void => {
    if (isOver && isClosed) server.start();
  };
  const closing = server.close(() => {
    isClosed = true;
    restart();
  });
  if (!closing) return null;
  whenOver(() => {
    isOver = true;
    restart();
  });
  return server.id;
}

/** Stops a process as SIGSTOP does. */
export function pause({ world, fault, random, whenOver }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null || struck.machine.isPaused) return null;
  whenOver(freeze(world, struck.machine));
  return struck.machine.name;
}

/** Stops the process of a machine; returns how to let it go on. */
export function freeze(world: World, machine: SimNode): () => void {
  const { incarnation } = machine;
  machine.pause();
  world.stalls.begun(machine.name);
  return () => {
    if (machine.incarnation !== incarnation || !machine.isPaused) return;
    world.stalls.over(machine.name);
    machine.resume();
  };
}

/** Every callback of a member takes a while. */
export function slowCpu({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  server.machine.setServiceTime(numberArg(fault, "perCallbackMs", 0.5));
  whenOver(() => server.machine.setServiceTime(0));
  return server.id;
}

/** Blocks an event loop. */
export function stall({ world, fault, random }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  const { machine } = struck;
  const { incarnation } = machine;
  machine.stall(fault.durMs);
  world.stalls.begun(machine.name);
  world.kernel.after(fault.durMs, () => {
    if (machine.incarnation === incarnation) world.stalls.over(machine.name);
  });
  return machine.name;
}

/** Kills a client; it starts again when the fault is over. */
export function clientCrash({ world, fault, random, whenOver }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  const { client, server } = struck;
  const powerOff = flagArg(fault, "powerOff");
  if (client !== null) {
    if (!client.crash(powerOff)) return null;
    whenOver(() => client.start());
    return client.id;
  }
  if (server === null || !server.crash(powerOff)) return null;
  whenOver(() => server.start());
  return server.id;
}
