import { describe, expect, test } from "vitest";
import { encode, FlotillaError } from "@flotilla/runtime";
import { decodeCommand, encodeCommand, Machine } from "../src/index.ts";
import type { KvCommand } from "../src/index.ts";
import { packedCommand } from "./packed.ts";
import { create, Driver, dump, idOf, join, text } from "./support.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
    return "none";
  } catch (error) {
    return FlotillaError.is(error) ? error.code : `untyped: ${String(error)}`;
  }
}

/** Two sessions, an ephemeral node of each, and a persistent one. */
function busy(): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.open(2);
  driver.send(1, create("/kept", { value: text("v") }));
  driver.send(1, create("/kept/e", { lease: idOf(1), guarded: true }));
  driver.send(2, { type: "grant", lease: idOf(5), ttlMs: 5_000 });
  driver.send(2, create("/s-", { lease: idOf(5), sequential: true }));
  return driver;
}

function copyOf(machine: Machine): Machine {
  const other = new Machine();
  other.restore(join(machine.snapshot().chunks()));
  return other;
}

describe("beginning the history of a restored cluster", () => {
  const revision = 5 * 2 ** 20;

  test("ends every session with its leases and nodes, at the revision given", () => {
    const driver = busy();
    const applied = driver.apply({ type: "begin-restored", revision, graceMs: 0 });
    const { machine } = driver;
    expect(applied).toEqual({ type: "history-begun" });
    expect(machine.sessions()).toEqual([]);
    expect(machine.leases()).toEqual([]);
    expect(machine.children("/")?.names).toEqual(["kept"]);
    expect(machine.exists("/kept")).toMatchObject({ numChildren: 0, pzxid: revision, mzxid: 1 });
    expect(machine.revision).toBe(revision);
    expect(machine.takeEvents()).toEqual([]);
  });

  test("makes every older token a gap, and goes on with the next revision", () => {
    const driver = busy();
    const { machine } = driver;
    const before = machine.token;
    driver.apply({ type: "begin-restored", revision, graceMs: 0 });
    expect(machine.history.since(before)).toBe("gap");
    driver.open(3);
    expect(driver.send(3, create("/next"))).toMatchObject({ ok: true, revision: revision + 1 });
  });

  test("never goes back", () => {
    const driver = busy();
    const before = driver.machine.revision;
    driver.apply({ type: "begin-restored", revision: 1, graceMs: 0 });
    expect(driver.machine.revision).toBe(before + 1);
  });

  test("grants no ephemeral before the grace period is ended, and everything else", () => {
    const driver = busy();
    driver.apply({ type: "begin-restored", revision, graceMs: 9_000 });
    driver.open(3);
    expect(driver.machine.graceMs).toBe(9_000);
    expect(driver.code(3, create("/e", { lease: idOf(3) }))).toBe("GRACE");
    const multi = { type: "multi", ops: [create("/p"), create("/e", { lease: idOf(3) })] } as const;
    expect(driver.send(3, multi)).toMatchObject({ ok: false, code: "ERR_FLOTILLA_GRACE", failed: 1 });
    expect(driver.code(3, create("/p"))).toBe("ok");
    expect(driver.code(3, create("/e", { lease: idOf(9) }))).toBe("LOST");
    expect(driver.apply({ type: "end-grace" })).toEqual({ type: "grace-ended" });
    expect(driver.code(3, create("/e", { lease: idOf(3) }))).toBe("ok");
  });

  test("leaves a state that survives a snapshot, grace period and all", () => {
    const driver = busy();
    const before = driver.machine.digest();
    driver.apply({ type: "begin-restored", revision, graceMs: 9_000 });
    const other = copyOf(driver.machine);
    expect(dump(other)).toEqual(dump(driver.machine));
    expect([other.graceMs, other.digest()]).toEqual([9_000, driver.machine.digest()]);
    const inGrace = driver.machine.digest();
    driver.apply({ type: "end-grace" });
    expect(new Set([before, inGrace, driver.machine.digest()]).size).toBe(3);
  });
});

describe("feature levels", () => {
  const at = { index: 1, timeMs: 1 };
  const attach = {
    type: "attach",
    session: idOf(1),
    secret: new Uint8Array(16),
    attach: 1,
    ttlMs: 9_000,
  } as const;

  test("a cluster begins with the oldest, and only goes up", () => {
    const machine = new Machine({ newestLevel: 7 });
    expect(machine.featureLevel).toBe(1);
    const first = machine.digest();
    const levels = [3, 2, 7];
    const applied = levels.map((level, index) =>
      machine.apply(encodeCommand({ type: "set-feature-level", level }), { index: index + 1, timeMs: 1 }),
    );
    expect(applied).toEqual([3, 3, 7].map((level) => ({ type: "feature-level-set", level })));
    expect(machine.digest()).not.toBe(first);
    const other = new Machine({ newestLevel: 7 });
    other.restore(join(machine.snapshot().chunks()));
    expect([other.featureLevel, other.digest()]).toEqual([7, machine.digest()]);
  });

  test("a command of a level that is not known stops the node before anything changes, and says what to do", () => {
    const machine = new Machine({ newestLevel: 2 });
    const before = machine.digest();
    const payload = encodeCommand(attach, 3);
    expect(codeOf(() => machine.apply(payload, at))).toBe("ERR_FLOTILLA_UNSUPPORTED");
    expect(() => machine.apply(payload, at)).toThrow(
      /feature level 3, and this version of Flotilla knows levels up to 2: start this member with a newer version/,
    );
    expect([machine.digest(), machine.applied, machine.lastIndex]).toEqual([before, 0, 0]);
    expect(new Machine({ newestLevel: 3 }).apply(payload, at)).toMatchObject({ type: "attached" });
  });

  test("a level that is not known is not agreed to", () => {
    const machine = new Machine({ newestLevel: 2 });
    const payload = encodeCommand({ type: "set-feature-level", level: 3 });
    expect(codeOf(() => machine.apply(payload, at))).toBe("ERR_FLOTILLA_UNSUPPORTED");
    expect(machine.featureLevel).toBe(1);
  });

  test("a snapshot of a higher level than is known is refused, with nothing changed", () => {
    const newer = new Machine({ newestLevel: 3 });
    newer.apply(encodeCommand({ type: "set-feature-level", level: 3 }), at);
    const machine = new Machine({ newestLevel: 2 });
    expect(codeOf(() => machine.restore(join(newer.snapshot().chunks())))).toBe("ERR_FLOTILLA_UNSUPPORTED");
    expect(machine.featureLevel).toBe(1);
  });

  test("a command is written for the level agreed on, and level 0 is none", () => {
    expect(encodeCommand(attach, 5)[1]).toBe(5);
    const none = encodeCommand(attach).slice();
    none[1] = 0;
    expect(codeOf(() => decodeCommand(none))).toBe("ERR_FLOTILLA_BAD_FRAME");
  });

  test("a command that came with a higher level than agreed on is not written", () => {
    expect(codeOf(() => encodeCommand(attach, 0))).toBe("ERR_FLOTILLA_UNSUPPORTED");
  });
});

test("the commands of operators survive the way through bytes, which are those of their layout", () => {
  const commands: KvCommand[] = [
    { type: "begin-restored", revision: 2 ** 51, graceMs: 122_400 },
    { type: "end-grace" },
    { type: "set-feature-level", level: 1 },
  ];
  for (const command of commands) {
    const bytes = encodeCommand(command).slice();
    expect(Buffer.compare(bytes, encode(packedCommand(command)))).toBe(0);
    expect(decodeCommand(bytes)).toEqual(command);
    for (let length = 0; length < bytes.length; length += 1)
      expect(codeOf(() => decodeCommand(bytes.slice(0, length)))).toBe("ERR_FLOTILLA_BAD_FRAME");
  }
});
