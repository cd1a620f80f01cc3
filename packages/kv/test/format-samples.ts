import type { KvCommand, Operation, TreeOp } from "../src/index.ts";
import { create, idOf, secretOf, text } from "./support.ts";

const exists = { type: "check", path: "/app", if: { exists: true } } as const;

const treeOps: Readonly<Record<string, TreeOp>> = {
  create: create("/app", { value: text("v1") }),
  "create ephemeral": create("/app/w-", { lease: idOf(1), sequential: true, guarded: true }),
  "create container": create("/jobs", { container: true }),
  "create with a time to live": create("/jobs/é", { value: text("ü"), ttlMs: 86_400_000 }),
  set: { type: "set", path: "/app", value: text("v2"), if: { version: 0, mzxid: 1 } },
  put: { type: "put", path: "/big", value: new Uint8Array(2_000).fill(7), if: {} },
  "delete refused": { type: "delete", path: "/app", force: false, if: { children: 1 } },
  "delete recursive": { type: "delete", path: "/jobs", force: true, recursive: true, if: {} },
  add: { type: "add", path: "/count", by: -5, if: {} },
  "add to what is no number": { type: "add", path: "/app", by: 1, if: {} },
  check: { type: "check", path: "/big", if: { value: text("other") } },
};

const operations: Readonly<Record<string, Operation>> = {
  ...treeOps,
  multi: { type: "multi", ops: [create("/m"), exists] },
  "multi with branches": { type: "multi", if: [exists], ops: [create("/m/then")], else: [create("/m/else")] },
  grant: { type: "grant", lease: idOf(9), ttlMs: 5_000 },
  "create with a lease": create("/leased", { lease: idOf(9) }),
  doom: { type: "doom", lease: idOf(9) },
  "create with an access list": create("/acl", {
    acl: [
      { scheme: "ip", id: "10.0.0.0/8", permissions: 17 },
      { scheme: "world", id: "anyone", permissions: 31 },
    ],
  }),
  "set-acl": {
    type: "set-acl",
    path: "/acl",
    acl: [
      { scheme: "world", id: "anyone", permissions: 31 },
      { scheme: "x509", id: "CN=a", permissions: 1 },
    ],
    aversion: 0,
  },
  "set-budget": {
    type: "set-budget",
    path: "/app",
    budget: { nodes: { hard: 3 }, bytes: { soft: 1_000 }, leases: { soft: 1, hard: 9 }, rate: { hard: 2 } },
  },
  "set within a budget": { type: "set", path: "/app", value: text("v3"), if: {} },
  "create beyond a budget": create("/app/more"),
  "set-budget of nothing": { type: "set-budget", path: "/none", budget: null },
  "add again": { type: "add", path: "/count", by: 2 ** 40, if: { version: 0 } },
  "revoke refused": { type: "revoke", lease: idOf(8) },
};

function attach(session: number): KvCommand {
  return { type: "attach", session: idOf(session), secret: secretOf(session), attach: 1, ttlMs: 10_000 };
}

function requests(): [name: string, command: KvCommand][] {
  return Object.entries(operations).map(([name, operation], position) => {
    const seq = position + 1;
    // The last few results stay in the window.
    const ack = Math.max(0, seq - 6);
    const who =
      operation.type === "set-acl" ? { identities: [{ scheme: "ip", id: "10.0.0.7" }] as const } : {};
    return [name, { type: "request", session: idOf(1), attach: 1, seq, ack, operation, ...who }];
  });
}

/** Every kind of command and of operation, by name, in an order in which they make a state with something of everything. */
export const samples: readonly (readonly [name: string, command: KvCommand])[] = [
  ["begin-restored", { type: "begin-restored", revision: 2 ** 40, graceMs: 1_000 }],
  ["end-grace", { type: "end-grace" }],
  ["attach", attach(1)],
  ["attach another", attach(2)],
  ...requests(),
  ["close", { type: "request", session: idOf(2), attach: 1, seq: 1, ack: 0, operation: { type: "close" } }],
  ["expire", { type: "expire", leases: [idOf(7)] }],
  ["reap", { type: "reap", seen: 2 ** 40, paths: ["/jobs", "/none"] }],
  ["begin-history", { type: "begin-history", revision: 1 }],
  ["set-feature-level", { type: "set-feature-level", level: 1 }],
];
