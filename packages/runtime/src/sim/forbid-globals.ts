import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** Thrown by what a simulated process must not use. */
export class ForbiddenGlobalError extends Error {
  override readonly name: string = "ForbiddenGlobalError";

  constructor(global: string) {
    super(`${global} is forbidden in a simulation: use the ports of the host`);
  }
}

const caught: ForbiddenGlobalError[] = [];

/** Forbidden uses since the globals were forbidden, also those whose error was swallowed. */
export function forbiddenUses(): readonly ForbiddenGlobalError[] {
  return caught;
}

function refuse(name: string): never {
  const error = new ForbiddenGlobalError(name);
  caught.push(error);
  throw error;
}

function stub(name: string): () => never {
  return () => refuse(name);
}

function stubbedDate(): DateConstructor {
  const now = stub("Date.now");
  return new Proxy(Date, {
    apply: () => refuse("Date()"),
    construct: (target, args: unknown[], newTarget) => {
      if (args.length === 0) return refuse("new Date()");
      const made: unknown = Reflect.construct(target, args, newTarget);
      return made instanceof target ? made : refuse("new Date()");
    },
    get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
  });
}

/** Replaces one property; returns how to put it back. */
function replace(holder: object, key: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? true,
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(holder, key);
    else Object.defineProperty(holder, key, own);
  };
}

const timers: object = process.getBuiltinModule("node:timers");
const timersPromises: object = process.getBuiltinModule("node:timers/promises");
const timerNames = ["setTimeout", "setInterval", "setImmediate"] as const;
const cryptoNames = ["randomUUID", "randomBytes", "randomInt", "randomFill", "randomFillSync"] as const;

function forbidden(): [holder: object, key: string, value: unknown][] {
  const all: [object, string, unknown][] = [
    [globalThis, "Date", stubbedDate()],
    [globalThis, "fetch", stub("fetch")],
    [Math, "random", stub("Math.random")],
    [performance, "now", stub("performance.now")],
    [process, "hrtime", Object.assign(stub("process.hrtime"), { bigint: stub("process.hrtime.bigint") })],
    [AbortSignal, "timeout", stub("AbortSignal.timeout")],
    [globalThis.crypto, "randomUUID", stub("crypto.randomUUID")],
    [globalThis.crypto, "getRandomValues", stub("crypto.getRandomValues")],
    [timersPromises, "setTimeout", stub("timers/promises.setTimeout")],
    [timersPromises, "setInterval", stub("timers/promises.setInterval")],
    [timersPromises, "setImmediate", stub("timers/promises.setImmediate")],
  ];
  for (const name of timerNames) all.push([globalThis, name, stub(name)], [timers, name, stub(name)]);
  for (const name of cryptoNames) all.push([crypto, name, stub(`crypto.${name}`)]);
  return all;
}

/**
 * Makes every way around the ports throw, with the name of the global in the message: clocks,
 * timers, randomness and `fetch`. Meant for a process that does nothing but simulate. Returns how to
 * put everything back.
 */
export function forbidGlobals(): () => void {
  caught.length = 0;
  const restores = forbidden().map(([holder, key, value]) => replace(holder, key, value));
  syncBuiltinESMExports();
  return () => {
    for (const restore of restores.toReversed()) restore();
    syncBuiltinESMExports();
  };
}
