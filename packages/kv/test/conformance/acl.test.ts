import { describe, expect, test } from "vitest";
import { decodeResult, isAcl, Machine, openAcl, permissions, permits, shownAcl } from "../../src/index.ts";
import type { Acl, AclEntry, Identity, Operation } from "../../src/index.ts";
import { create, Driver, idOf, join } from "../support.ts";

const { read, write, create: mayCreate, delete: mayDelete, admin, all } = permissions;
const ann: Identity = { scheme: "digest", id: "ann:a" };
const bob: Identity = { scheme: "digest", id: "bob:b" };
const near: Identity = { scheme: "ip", id: "10.1.2.3" };
const root: Identity = { scheme: "super", id: "" };
const text = new Uint8Array([1]);

function to(identity: Pick<Identity, "id" | "scheme">, granted: number): AclEntry {
  const { scheme, id } = identity;
  if (scheme === "super") throw new Error("no list names it");
  return { scheme, id, permissions: granted };
}

const world = (granted: number): AclEntry => ({ scheme: "world", id: "anyone", permissions: granted });
const auth = (granted: number): AclEntry => ({ scheme: "auth", id: "", permissions: granted });

/** Sends requests of one session for several callers. */
class Callers extends Driver {
  #seq = 0;

  as(identities: readonly Identity[], operation: Operation): string {
    this.#seq += 1;
    const who = identities.length === 0 ? {} : { identities };
    const request = { type: "request", session: idOf(1), attach: 1, seq: this.#seq, ack: 0 } as const;
    const applied = this.apply({ ...request, operation, ...who });
    if (applied.type !== "answered") throw new Error(applied.type);
    const result = decodeResult(applied.result);
    return result.ok ? "ok" : result.code.replace("ERR_FLOTILLA_", "");
  }
}

function set(path: string, version?: number): Operation {
  return { type: "set", path, value: text, if: version === undefined ? {} : { version } };
}

function remove(path: string, more: { version?: number; recursive?: true } = {}): Operation {
  const { version, recursive } = more;
  const wanted = version === undefined ? {} : { version };
  return {
    type: "delete",
    path,
    if: wanted,
    force: false,
    ...(recursive === undefined ? {} : { recursive }),
  };
}

function setAcl(path: string, acl: Acl, aversion?: number): Operation {
  return { type: "set-acl", path, acl, ...(aversion === undefined ? {} : { aversion }) };
}

/** `/own` is ann's alone, with a child; below `/bare` and on it everybody lacks one permission each. */
function opened(): Callers {
  const driver = new Callers();
  driver.open(1);
  const made: [path: string, acl: Acl][] = [
    ["/own", [to(ann, all)]],
    ["/own/child", [to(ann, all)]],
    ["/own/open", openAcl],
    ["/sealed", [world(all - mayCreate - mayDelete), to(ann, all)]],
    ["/sealed/node", openAcl],
    ["/dark", [world(all - read), to(ann, all)]],
    ["/kept", [world(read + write), to(ann, admin)]],
  ];
  for (const [path, acl] of made) expect(driver.as([ann], create(path, { acl }))).toBe("ok");
  expect(driver.as([ann], create("/own/e", { lease: idOf(1), acl: [to(ann, all)] }))).toBe("ok");
  return driver;
}

describe("which failing check wins (4.4)", () => {
  const bad: Acl = [world(0)];
  const rows: [name: string, as: readonly Identity[], op: Operation, code: string][] = [
    ["create: what a path cannot begin with, before the list", [], create("x", { acl: bad }), "BAD_PATH"],
    ["create: the list, before the path", [], create("/a//b", { acl: bad }), "INVALID_ACL"],
    ["create: the list, before a missing parent", [], create("/none/a", { acl: bad }), "INVALID_ACL"],
    [
      "create: `auth` of nobody, before a missing parent",
      [],
      create("/none/a", { acl: [auth(all)] }),
      "INVALID_ACL",
    ],
    ["create: a missing parent, before permission", [], create("/own/none/a"), "NOT_FOUND"],
    ["create: permission, before a node that exists", [], create("/own/child"), "NO_AUTH"],
    ["create: a node that exists, with permission", [ann], create("/own/child"), "EXISTS"],
    ["create: permission on an ephemeral parent, first", [], create("/own/e/a"), "NO_AUTH"],
    ["create: an ephemeral parent, with permission", [ann], create("/own/e/a"), "NO_CHILDREN_FOR_EPHEMERALS"],
    ["put: permission to create", [], { type: "put", path: "/own/new", value: text, if: {} }, "NO_AUTH"],
    ["put: permission to create, given", [ann], { type: "put", path: "/own/new", value: text, if: {} }, "ok"],
    ["delete: a missing parent", [], remove("/none/a"), "NOT_FOUND"],
    ["delete: permission on the parent, before a missing node", [], remove("/own/none"), "NO_AUTH"],
    ["delete: a missing node, with permission", [ann], remove("/own/none"), "NOT_FOUND"],
    ["delete: permission, before the version", [], remove("/own/child", { version: 9 }), "NO_AUTH"],
    ["delete: the version, with permission", [ann], remove("/own/child", { version: 9 }), "BAD_VERSION"],
    ["delete: the parent's list alone counts", [], remove("/sealed/node"), "NO_AUTH"],
    ["delete: children, with permission", [], remove("/sealed"), "HAS_CHILDREN"],
    [
      "delete of all below: every inner node's list counts",
      [],
      remove("/sealed", { recursive: true }),
      "NO_AUTH",
    ],
    ["delete of all below, with permission", [ann], remove("/sealed", { recursive: true }), "ok"],
    ["set: a missing node, before permission", [], set("/own/none"), "NOT_FOUND"],
    ["set: permission, before the version", [], set("/own", 9), "NO_AUTH"],
    ["set: the version, with permission", [ann], set("/own", 9), "BAD_VERSION"],
    ["set: a list is not inherited", [], set("/own/open"), "ok"],
    ["setAcl: the path, before the list", [], setAcl("/a//b", bad), "BAD_PATH"],
    ["setAcl: the list, before a missing node", [], setAcl("/none", bad), "INVALID_ACL"],
    ["setAcl: `auth` of nobody, before a missing node", [], setAcl("/none", [auth(all)]), "INVALID_ACL"],
    ["setAcl: a missing node", [], setAcl("/none", openAcl), "NOT_FOUND"],
    ["setAcl: permission, before the version", [], setAcl("/kept", openAcl, 9), "NO_AUTH"],
    ["setAcl: the version, with permission", [ann], setAcl("/kept", openAcl, 9), "BAD_VERSION"],
    ["setAcl: `admin` is enough", [ann], setAcl("/kept", openAcl, 0), "ok"],
    ["check: a missing node", [], { type: "check", path: "/own/none", if: { version: 0 } }, "NOT_FOUND"],
    [
      "check: permission, before the version",
      [],
      { type: "check", path: "/dark", if: { version: 9 } },
      "NO_AUTH",
    ],
    [
      "check: permission, before existence",
      [],
      { type: "check", path: "/dark", if: { exists: false } },
      "NO_AUTH",
    ],
    [
      "check: the version, with permission",
      [ann],
      { type: "check", path: "/dark", if: { version: 9 } },
      "BAD_VERSION",
    ],
    [
      "set: who may only write does not learn the value",
      [],
      { ...set("/dark"), if: { value: text } } as Operation,
      "NO_AUTH",
    ],
    [
      "multi: a condition on what may not be read decides nothing",
      [],
      { type: "multi", if: [{ type: "check", path: "/dark", if: { version: 0 } }], ops: [create("/x")] },
      "NO_AUTH",
    ],
    [
      "multi: as a whole or not at all",
      [],
      { type: "multi", ops: [create("/x"), { type: "set", path: "/own", value: text, if: {} }] },
      "NO_AUTH",
    ],
    ["super: everything", [root], remove("/own", { recursive: true }), "ok"],
    ["super: also a list that names others", [root], setAcl("/own", openAcl), "ok"],
  ];
  test.each(rows)("%s", (_name, as, op, code) => {
    const driver = opened();
    const [revision, digest] = [driver.machine.revision, driver.machine.digest()];
    expect(driver.as(as, op)).toBe(code);
    if (code !== "ok") expect(driver.machine.revision).toBe(revision);
    expect(driver.machine.digest()).not.toBe(digest);
    const restored = new Machine();
    restored.restore(join(driver.machine.snapshot().chunks()));
    expect(restored.digest()).toBe(driver.machine.digest());
    for (const path of ["/own", "/dark", "/kept", "/"])
      expect(restored.acl(path)).toEqual(driver.machine.acl(path));
  });
});

describe("each permission (4.9)", () => {
  const rows: [bit: number, op: Operation][] = [
    [write, set("/n")],
    [mayCreate, create("/n/new")],
    [mayDelete, remove("/n/old")],
    [admin, setAcl("/n", openAcl)],
    [read, { type: "check", path: "/n", if: { version: 0 } }],
  ];
  test.each(rows)("%d is what it needs, and enough", (bit, op) => {
    for (const granted of [bit, all - bit]) {
      const driver = new Callers();
      driver.open(1);
      driver.as([], create("/n"));
      driver.as([], create("/n/old"));
      driver.as([], setAcl("/n", [to(bob, granted)]));
      expect(driver.as([], op)).toBe("NO_AUTH");
      expect(driver.as([bob], op)).toBe(granted === bit ? "ok" : "NO_AUTH");
    }
  });

  test("a lease, a reap and the end of a session ask nobody", () => {
    const driver = opened();
    driver.as([ann], setAcl("/own", [to(ann, read)]));
    expect(driver.as([], { type: "close" })).toBe("ok");
    expect(driver.machine.exists("/own/e")).toBeNull();
  });
});

function many(count: number): Acl {
  return Array.from({ length: count }, (_, k) => to({ scheme: "x509", id: `${k}` }, 1));
}

describe("a list (4.9)", () => {
  const kept: [name: string, given: Acl, as: readonly Identity[], expected: Acl][] = [
    ["loses what comes twice", [world(1), to(ann, 3), world(1)], [], [world(1), to(ann, 3)]],
    ["keeps one entry for each permission", [world(1), world(2)], [], [world(1), world(2)]],
    ["names its maker for `auth`", [auth(5), world(1)], [ann, near], [to(ann, 5), world(1)]],
    ["names everybody its maker is", [auth(31)], [ann, bob], [to(ann, 31), to(bob, 31)]],
  ];
  test.each(kept)("%s", (_name, given, as, expected) => {
    const driver = new Callers();
    driver.open(1);
    expect(driver.as(as, create("/n", { acl: given }))).toBe("ok");
    expect(driver.machine.acl("/n")).toEqual(expected);
    expect(driver.machine.exists("/n")?.aversion).toBe(0);
    expect(driver.as(as, setAcl("/n", given))).toBe(permits(expected, as, admin) ? "ok" : "NO_AUTH");
  });

  const forms: [good: boolean, entry: AclEntry][] = [
    [true, world(31)],
    [false, world(32)],
    [false, world(0)],
    [false, world(1.5)],
    [false, { scheme: "world", id: "all", permissions: 1 }],
    [true, { scheme: "digest", id: "u:h", permissions: 1 }],
    [false, { scheme: "digest", id: "u", permissions: 1 }],
    [false, { scheme: "digest", id: "u:h:x", permissions: 1 }],
    [true, { scheme: "ip", id: "10.0.0.1", permissions: 1 }],
    [true, { scheme: "ip", id: "10.0.0.0/0", permissions: 1 }],
    [false, { scheme: "ip", id: "10.0.0.0/33", permissions: 1 }],
    [false, { scheme: "ip", id: "10.0.0.256", permissions: 1 }],
    [true, { scheme: "ip", id: "fe80::/10", permissions: 1 }],
    [false, { scheme: "ip", id: "fe80::1::2", permissions: 1 }],
    [true, { scheme: "x509", id: "CN=a", permissions: 1 }],
    [false, { scheme: "x509", id: "", permissions: 1 }],
  ];
  test.each(forms)("%s: %o", (good, entry) => {
    expect(isAcl([entry])).toBe(good);
    expect(isAcl([world(1), entry])).toBe(good);
  });

  test("is neither empty nor longer than 64 entries", () => {
    expect([0, 1, 64, 65].map((count) => isAcl(many(count)))).toEqual([false, true, true, false]);
  });

  const ranges: [address: string, range: string, is: boolean][] = [
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.127.0.0", "10.64.0.0/10", true],
    ["10.128.0.0", "10.64.0.0/10", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.4", "10.1.2.3", false],
    ["1.2.3.4", "0.0.0.0/0", true],
    ["::ffff:10.1.2.3", "10.0.0.0/8", true],
    ["fe80::1", "fe80::/10", true],
    ["2001:db8::1", "2001:db8:0:0:0:0:0:1", true],
    ["2001:db8::1", "2001:db8::/33", true],
    ["2001:db8:8000::1", "2001:db8::/33", false],
    ["::1", "10.0.0.0/8", false],
    ["10.0.0.1", "::/0", false],
    ["nonsense", "0.0.0.0/0", false],
  ];
  test.each(ranges)("%s in %s: %s", (address, range, is) => {
    const acl = [to({ scheme: "ip", id: range }, read)];
    expect(permits(acl, [{ scheme: "ip", id: address }], read)).toBe(is);
  });

  test("hides the hashes of passwords from whoever may not change it", () => {
    const acl = [to(ann, all), to(bob, read), world(read)];
    expect(shownAcl(acl, [ann])).toEqual(acl);
    expect(shownAcl(acl, [bob])).toEqual([
      { ...to(ann, all), id: "ann:x" },
      { ...to(bob, read), id: "bob:x" },
      world(read),
    ]);
  });

  test("counts its changes, which are no revisions, and tells no watch", () => {
    const driver = opened();
    const { revision } = driver.machine;
    for (const aversion of [0, 1, 2]) {
      expect(driver.as([ann], setAcl("/own", [to(ann, all)], aversion))).toBe("ok");
      expect(driver.machine.takeEvents()).toEqual([]);
      expect(driver.machine.exists("/own")?.aversion).toBe(aversion + 1);
    }
    expect(driver.machine.revision).toBe(revision);
  });

  test("goes with every event of its node, also told from history", () => {
    const driver = opened();
    const { token } = driver.machine;
    driver.as([ann], set("/own/child"));
    driver.as([ann], remove("/own/child"));
    driver.as([ann], set("/own/open"));
    const events = driver.machine.history.since(token);
    const acls = events === "gap" ? events : events.map(({ acl }) => acl);
    expect(acls).toEqual([[to(ann, all)], [to(ann, all)], undefined]);
  });

  test("is kept once however many nodes have it", () => {
    const driver = new Callers();
    driver.open(1);
    for (const path of ["/a", "/b"]) driver.as([ann], create(path, { acl: [to(ann, all)] }));
    driver.as([ann], create("/c", { acl: [world(all)] }));
    expect(driver.machine.acl("/a")).toBe(driver.machine.acl("/b"));
    expect(driver.machine.acl("/c")).toBe(openAcl);
  });

  test("guards the past of its node too, also when that is gone or open by now", () => {
    const driver = opened();
    const { past } = driver.machine;
    driver.as([ann], remove("/own/child"));
    driver.as([ann], setAcl("/dark", openAcl));
    for (const path of ["/own", "/own/child", "/dark"]) {
      expect(past.permits(path, [bob])).toBe(false);
      expect(past.permits(path, [ann])).toBe(true);
    }
    expect(past.permits("/own/open", [])).toBe(true);
    expect(past.permits("/none", [])).toBe(true);
  });
});
