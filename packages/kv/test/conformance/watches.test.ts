import { describe, expect, test } from "vitest";
import { compareTokens, permissions, TriggerTable } from "../../src/index.ts";
import type { Operation, TreeOp, Trigger, TriggerKind, TriggerKinds } from "../../src/index.ts";
import { create, Driver, idOf, text } from "../support.ts";

const all: readonly TriggerKind[] = ["data", "exists", "children", "persistent", "persistent-recursive"];
const none = { data: [], exists: [], children: [], persistent: [], "persistent-recursive": [] };

/** A machine under a table; what is told, as "owner type path". */
class Watched {
  readonly driver = new Driver();
  readonly table = new TriggerTable<string>(this.driver.machine);
  readonly told: string[] = [];
  readonly triggers: Trigger[] = [];

  constructor() {
    this.driver.open(1);
    this.do(create("/p"));
  }

  readonly tell = (owner: string, trigger: Trigger): void => {
    this.triggers.push(trigger);
    this.told.push(`${owner} ${trigger.type} ${trigger.path}`);
  };

  do(...operations: readonly Operation[]): void {
    for (const operation of operations) expect(this.driver.code(1, operation)).toBe("ok");
    this.fire();
  }

  fire(): void {
    for (const event of this.driver.machine.takeEvents()) this.table.fire(event, this.tell);
  }
}

function set(path: string): TreeOp {
  return { type: "set", path, value: text("new"), if: {} };
}

function remove(path: string, recursive = false): TreeOp {
  return { type: "delete", path, if: {}, force: false, recursive };
}

function reap(watched: Watched): void {
  const { machine } = watched.driver;
  watched.driver.timeMs += 1_000;
  watched.driver.apply({ type: "reap", seen: machine.revision, paths: ["/p/n"] });
  watched.fire();
}

describe("what is left of a watch on a node that is missing", () => {
  const rows: [kind: TriggerKind, present: boolean, missing: boolean][] = [
    ["data", true, false],
    ["exists", true, true],
    ["children", true, false],
    ["persistent", true, true],
    ["persistent-recursive", true, true],
  ];
  test.each(rows)("%s", (kind, present, missing) => {
    const watched = new Watched();
    expect(watched.table.add("a", "/p", kind)).toBe(present);
    expect(watched.table.add("a", "/p/n", kind)).toBe(missing);
    expect(watched.table.has("a", "/p", "any")).toBe(present);
    expect(watched.table.has("a", "/p/n", "any")).toBe(missing);
    watched.do(create("/p/n"), set("/p/n"));
    expect(watched.told.some((line) => line.endsWith("/p/n"))).toBe(
      missing || kind === "persistent-recursive",
    );
  });
});

describe("what each change triggers", () => {
  interface Row {
    readonly before: readonly Operation[];
    readonly change: (watched: Watched) => void;
    /** On the node itself, by kind. */
    readonly node: Partial<Record<TriggerKind, string>>;
    readonly parent: Partial<Record<TriggerKind, string>>;
    /** Of the recursive watch of an ancestor above them. */
    readonly above: string[];
  }
  const created = "node-created /p/n";
  const deleted = "node-deleted /p/n";
  const changed = "node-data-changed /p/n";
  const children = "node-children-changed /p";
  const onCreate = {
    node: { exists: created, persistent: created, "persistent-recursive": created },
    parent: { children, persistent: children, "persistent-recursive": created },
    above: [created],
  };
  const onDelete = {
    node: {
      data: deleted,
      exists: deleted,
      children: deleted,
      persistent: deleted,
      "persistent-recursive": deleted,
    },
    parent: { children, persistent: children, "persistent-recursive": deleted },
    above: [deleted],
  };
  const onSet = {
    node: { data: changed, exists: changed, persistent: changed, "persistent-recursive": changed },
    parent: { "persistent-recursive": changed },
    above: [changed],
  };
  const rows: [name: string, row: Row][] = [
    ["create", { before: [], change: (watched) => watched.do(create("/p/n")), ...onCreate }],
    ["delete", { before: [create("/p/n")], change: (watched) => watched.do(remove("/p/n")), ...onDelete }],
    [
      "end of the session",
      {
        before: [create("/p/n", { lease: idOf(1) })],
        change: (watched) => {
          watched.driver.apply({ type: "expire", leases: [idOf(1)] });
          watched.fire();
        },
        ...onDelete,
      },
    ],
    [
      "reap of a container",
      {
        before: [create("/p/n", { container: true }), create("/p/n/c"), remove("/p/n/c")],
        change: reap,
        ...onDelete,
      },
    ],
    ["reap after its time to live", { before: [create("/p/n", { ttlMs: 1 })], change: reap, ...onDelete }],
    ["set", { before: [create("/p/n")], change: (watched) => watched.do(set("/p/n")), ...onSet }],
    [
      "set to the same value",
      {
        before: [create("/p/n")],
        change: (watched) => watched.do({ type: "set", path: "/p/n", value: new Uint8Array(0), if: {} }),
        ...onSet,
      },
    ],
    [
      "another access list",
      {
        before: [create("/p/n")],
        change: ({ driver }) => {
          const acl = [{ scheme: "world", id: "anyone", permissions: permissions.read }] as const;
          expect(driver.code(1, { type: "set-acl", path: "/p/n", acl })).toBe("ok");
        },
        node: {},
        parent: {},
        above: [],
      },
    ],
    [
      "a check, and a multi that fails",
      {
        before: [create("/p/n")],
        change: ({ driver }) => {
          driver.send(1, { type: "check", path: "/p/n", if: { exists: true } });
          driver.send(1, { type: "multi", ops: [create("/p/m"), create("/p/n")] });
        },
        node: {},
        parent: {},
        above: [],
      },
    ],
  ];
  const startOf = ({ before }: Row): Watched => {
    const watched = new Watched();
    watched.do(...before);
    watched.told.length = 0;
    return watched;
  };

  describe.each(rows)("%s", (_name, row) => {
    test.each(all)("%s", (kind) => {
      for (const [place, expected] of [
        ["/p/n", row.node[kind]],
        ["/p", row.parent[kind]],
      ] as const) {
        const watched = startOf(row);
        watched.table.add("a", place, kind);
        row.change(watched);
        watched.fire();
        expect(watched.told).toEqual(expected === undefined ? [] : [`a ${expected}`]);
        const isOnce = kind !== "persistent" && kind !== "persistent-recursive";
        if (isOnce && expected !== undefined) expect(watched.table.has("a", place, "any")).toBe(false);
      }
    });

    test("of all kinds at once, an owner is told each trigger once", () => {
      const watched = startOf(row);
      for (const owner of ["a", "b"])
        for (const place of ["/", "/p", "/p/n"])
          for (const kind of all) watched.table.add(owner, place, kind);
      row.change(watched);
      watched.fire();
      const triggers = new Set([...Object.values(row.node), ...Object.values(row.parent)]);
      const expected = ["a", "b"].flatMap((owner) => [...triggers].map((trigger) => `${owner} ${trigger}`));
      expect(watched.told.toSorted()).toEqual(expected.toSorted());
    });

    test("an ancestor", () => {
      const watched = startOf(row);
      for (const kind of all) watched.table.add(kind, "/", kind);
      row.change(watched);
      watched.fire();
      expect(watched.told).toEqual(row.above.map((trigger) => `persistent-recursive ${trigger}`));
    });
  });

  test("every trigger of a multi has its revision", () => {
    const watched = new Watched();
    for (const kind of all) watched.table.add(kind, "/p", kind);
    watched.do({ type: "multi", ops: [create("/p/n"), create("/p/n/m"), set("/p/n"), create("/p/o")] });
    expect(watched.told).toEqual([
      "persistent-recursive node-created /p/n",
      "persistent node-children-changed /p",
      "children node-children-changed /p",
      "persistent-recursive node-created /p/n/m",
      "persistent-recursive node-data-changed /p/n",
      "persistent-recursive node-created /p/o",
      "persistent node-children-changed /p",
    ]);
    expect(new Set(watched.triggers.map(({ revision }) => revision))).toEqual(
      new Set([watched.driver.machine.revision]),
    );
  });

  test("who watches again while it is told waits for the next change", () => {
    const watched = new Watched();
    watched.table.add("a", "/p/n", "exists");
    watched.do(create("/p/n"));
    const again = (owner: string, trigger: Trigger): void => {
      watched.tell(owner, trigger);
      watched.table.add("a", "/p", "children");
    };
    watched.table.add("a", "/p/n", "data");
    watched.driver.send(1, remove("/p/n"));
    for (const event of watched.driver.machine.takeEvents()) watched.table.fire(event, again);
    expect(watched.told).toEqual(["a node-created /p/n", "a node-deleted /p/n"]);
    watched.do(create("/p/n"));
    expect(watched.told.at(-1)).toBe("a node-children-changed /p");
  });
});

describe("removal by type", () => {
  const rows: [kinds: TriggerKinds, removed: readonly TriggerKind[]][] = [
    ["data", ["data", "exists"]],
    ["children", ["children"]],
    ["persistent", ["persistent"]],
    ["persistent-recursive", ["persistent-recursive"]],
    ["any", all],
  ];
  test.each(rows)("%s", (kinds, removed) => {
    for (const kind of all) {
      const watched = new Watched();
      watched.table.add("a", "/p", kind);
      watched.table.add("b", "/p", kind);
      const isMeant = removed.includes(kind);
      expect(watched.table.has("a", "/p", kinds)).toBe(isMeant);
      expect(watched.table.remove("a", "/p", kinds)).toBe(isMeant);
      expect(watched.table.remove("a", "/p", kinds)).toBe(false);
      expect(watched.table.remove("a", "/p/n", kinds)).toBe(false);
      watched.do(set("/p"), create("/p/n"), remove("/p", true));
      expect(watched.told.some((line) => line.startsWith("a "))).toBe(!isMeant);
      expect(watched.told.some((line) => line.startsWith("b "))).toBe(true);
    }
  });

  test("an owner that goes takes all of its watches with it", () => {
    const watched = new Watched();
    for (const kind of all) for (const path of ["/", "/p", "/p/n"]) watched.table.add("a", path, kind);
    watched.table.removeOwner("a");
    watched.do(create("/p/n"), set("/p/n"), remove("/p/n"));
    expect(watched.told).toEqual([]);
    expect(watched.table.remove("a", "/p", "any")).toBe(false);
  });
});

describe("on another connection", () => {
  type Meanwhile = readonly Operation[];
  const n = "/p/n";
  const rows: [
    kind: TriggerKind,
    name: string,
    before: Meanwhile,
    meanwhile: Meanwhile,
    told: string | null,
  ][] = [
    ["data", "nothing", [create(n)], [set("/p")], null],
    ["data", "set", [create(n)], [set(n)], "node-data-changed"],
    ["data", "delete", [create(n)], [remove(n)], "node-deleted"],
    ["data", "delete and create", [create(n)], [remove(n), create(n)], "node-data-changed"],
    ["data", "another child", [create(n)], [create("/p/n/c")], null],
    ["exists", "nothing", [], [set("/p")], null],
    ["exists", "create", [], [create(n)], "node-created"],
    ["exists", "create and delete", [], [create(n), remove(n)], null],
    ["children", "nothing", [create(n)], [set(n)], null],
    ["children", "another child", [create(n)], [create("/p/n/c")], "node-children-changed"],
    ["children", "a child gone", [create(n), create("/p/n/c")], [remove("/p/n/c")], "node-children-changed"],
    ["children", "delete", [create(n)], [remove(n)], "node-deleted"],
    ["persistent", "set", [create(n)], [set(n)], null],
    ["persistent", "delete", [create(n)], [remove(n)], null],
    ["persistent-recursive", "set", [create(n)], [set(n)], null],
  ];
  test.each(rows)("%s: %s", (kind, _name, before, meanwhile, told) => {
    const watched = new Watched();
    watched.do(...before);
    const seen = watched.driver.machine.revision;
    watched.do(...meanwhile);
    watched.told.length = 0;
    watched.table.rearm("a", { ...none, [kind]: [n] }, seen, watched.tell);
    expect(watched.told).toEqual(told === null ? [] : [`a ${told} ${n}`]);
    expect(watched.table.has("a", n, "any")).toBe(told === null);
    for (const { revision } of watched.triggers.slice(-watched.told.length))
      expect(revision).toBeLessThanOrEqual(watched.driver.machine.revision);
  });

  test("what a persistent watch missed is told from history, once", () => {
    const watched = new Watched();
    const { machine } = watched.driver;
    const seen = machine.token;
    watched.do(create(n), set(n), set("/p"), create("/p/n/c"), remove(n, true));
    watched.table.rearm(
      "a",
      { ...none, persistent: ["/p"], "persistent-recursive": [n] },
      seen.revision,
      watched.tell,
    );
    const missed = machine.history.since(seen);
    if (missed === "gap") expect.unreachable();
    for (const event of missed) watched.table.catchUp("a", event, (trigger) => watched.tell("a", trigger));
    expect(watched.told).toEqual([
      "a node-created /p/n",
      "a node-children-changed /p",
      "a node-data-changed /p/n",
      "a node-data-changed /p",
      "a node-created /p/n/c",
      "a node-deleted /p/n/c",
      "a node-deleted /p/n",
      "a node-children-changed /p",
    ]);
  });
});

test("triggers come in the order of revisions", () => {
  const watched = new Watched();
  for (const kind of all) watched.table.add(kind, "/p", kind);
  watched.do(create("/p/n"), set("/p"), remove("/p/n"), remove("/p"));
  const tokens = watched.triggers.map(({ revision }) => ({ revision, ordinal: 0 }));
  expect(tokens).toEqual(tokens.toSorted(compareTokens));
});
