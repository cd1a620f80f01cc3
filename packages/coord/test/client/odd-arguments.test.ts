import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { Session, WatchOptions } from "../../src/client/api.ts";
import { namespaced } from "../../src/client/namespaced-session.ts";
import { World } from "../recipes/world.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

/** A caller without types may hand over anything. */
function anything(value: unknown): never {
  return value as never;
}

const numbers: readonly unknown[] = [7, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 5n];
const others: readonly unknown[] = [null, undefined, true, "", "text", "\ud800", Symbol("s")];
const objects: readonly unknown[] = [{}, [], [null], [7], new Date(0), (): void => {}];
const odd: readonly unknown[] = [...numbers, ...others, ...objects];

type Call = (session: Session, given: never) => Promise<unknown>;

async function watch(session: Session, options: WatchOptions): Promise<void> {
  const stream = await session.watch("/x", options);
  await stream.close();
}

const put = { type: "put", path: "/x", value: "" } as const;
const check = { type: "check", path: "/x" } as const;

/** What takes something other than a path, by what it is. */
const calls: Readonly<Record<string, Call>> = {
  "get, options": (s, o) => s.get("/x", o),
  "get, revision": (s, revision) => s.get("/x", { revision }),
  "get, level": (s, level) => s.get("/x", { level }),
  "exists, options": (s, o) => s.exists("/x", o),
  "children, options": (s, o) => s.children("/", o),
  "children, after": (s, after) => s.children("/", { after }),
  "children, limit": (s, limit) => s.children("/", { limit }),
  "childNodes, after": (s, after) => s.childNodes("/", { after }),
  "history, before": (s, before) => s.history("/x", { before }),
  "history, of before": (s, o) => s.history("/x", { before: { revision: o, ordinal: o } }),
  "usage, options": (s, o) => s.usage("/x", o),
  "sessions, options": (s, o) => s.sessions(o),
  "leases, after": (s, after) => s.leases({ after }),
  "grant, ttl": async (s, o) => (await s.grant(o)).revoke(),
  "grant, options": async (s, o) => (await s.grant(1_000, o)).revoke(),
  "grant, stall": async (s, maxStallMs) => (await s.grant(1_000, { maxStallMs })).revoke(),
  doom: (s, o) => s.doom(o),
  "create, value": (s, o) => s.create("/x", o),
  "create, options": (s, o) => s.create("/x", "", o),
  "create, acl": (s, acl) => s.create("/x", "", { acl }),
  "create, of acl": (s, o) => s.create("/x", "", { acl: [o] }),
  "create, lease": (s, lease) => s.create("/x", "", { lease }),
  "create, flags": (s, o) => s.create("/x", "", { ephemeral: o, sequential: o, guarded: o, container: o }),
  "set, value": (s, o) => s.set("/x", o),
  "set, conditions": (s, o) => s.set("/x", "", { version: o }),
  "delete, conditions": (s, o) => s.delete("/none", { version: o, if: o }),
  "set, if": (s, o) => s.set("/x", "", { if: o }),
  "set, of if": (s, o) => s.set("/x", "", { if: { owner: o, children: o, value: o } }),
  "set, fence": (s, fence) => s.set("/x", "", { fence }),
  "set, of fence": (s, o) => s.set("/x", "", { fence: { path: o, mzxid: o } }),
  "set, signal": (s, signal) => s.set("/x", "", { signal }),
  add: (s, o) => s.add("/n", o),
  "setAcl, list": (s, o) => s.setAcl("/x", o),
  "setBudget, budget": (s, o) => s.setBudget("/x", o),
  "setBudget, of budget": (s, o) => s.setBudget("/x", { nodes: o, bytes: { hard: o } }),
  "budgets, after": (s, after) => s.budgets("/", { after }),
  "delete, options": (s, o) => s.delete("/none", o),
  "multi, items": (s, o) => s.multi(o),
  "multi, item": (s, o) => s.multi([o]),
  "multi, value": (s, value) => s.multi([{ type: "create", path: "/x", value }]),
  "multi, acl": (s, acl) => s.multi([{ type: "create", path: "/x", value: "", acl }]),
  "multi, options": (s, o) => s.multi([put], o),
  "multi, if": (s, o) => s.multi([put], { if: o }),
  "multi, of if": (s, o) => s.multi([put], { if: [o] }),
  "multi, else": (s, o) => s.multi([put], { if: [check], else: o }),
  "watch, options": watch,
  "watch, from": (s, from) => watch(s, { from }),
  "watch, of from": (s, o) => watch(s, { from: { revision: o, ordinal: o, historyId: o } }),
  "watch, filter": (s, filter) => watch(s, { filter }),
  "watch, of filter": (s, o) => watch(s, { filter: { names: o, types: o } }),
  "sync, options": (s, o) => s.sync(o),
  "status, options": (s, o) => s.status(o),
  "states, options": async (s, o) => s.states(o)[Symbol.asyncIterator]().return?.(),
  "states, signal": async (s, signal) => s.states({ signal })[Symbol.asyncIterator]().next(),
};

test.each(Object.entries(calls))(
  "whatever is given as %s, it is done or refused by code",
  async (_, call) => {
    const world = await World.start();
    const { machine, session } = await world.client();
    await world.until(session.create("/ns"));
    const frames: number[] = [];
    world.kernel.network.onSend(({ from, frame }) => {
      if (from === machine) frames.push(frame[0] ?? 0);
    });
    const attach = 0x87;
    for (const within of [session, namespaced(session, "/ns")]) {
      for (const given of odd) {
        await world.until(within.put("/x", ""));
        const called = (async () => call(within, anything(given)))();
        const error: unknown = await world.until(
          called.then(
            () => null,
            (thrown: unknown) => thrown,
          ),
        );
        if (error === null) continue;
        expect(error, String(given)).toBeInstanceOf(FlotillaError);
        expect(error).not.toMatchObject({ code: "ERR_FLOTILLA_INTERNAL" });
      }
    }
    expect(frames).not.toContain(attach);
  },
);

/** Not for all of the odd ones: some are times, which may be over before the answer. */
const bounded: Readonly<Record<string, Call>> = {
  "set, timeout": (s, timeoutMs) => s.set("/x", "", { timeoutMs }),
};

const wrong: readonly [what: string, given: unknown][] = [
  ["create, acl", null],
  ["create, acl", 7],
  ["create, lease", null],
  ["multi, acl", null],
  ["multi, value", null],
  ["multi, if", null],
  ["multi, else", null],
  ["multi, options", null],
  ["grant, ttl", null],
  ["grant, ttl", Symbol("s")],
  ["grant, ttl", 5n],
  ["grant, ttl", "1000"],
  ["grant, options", null],
  ["set, timeout", null],
  ["set, signal", null],
  ["get, level", null],
  ["status, options", null],
  ["status, options", 7],
  ["states, options", null],
  ["states, options", 7],
  ["states, signal", {}],
];

test.each(wrong)("%s: %s is refused before it is sent", async (what, given) => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const call = calls[what] ?? bounded[what];
  const called = (async () => call?.(session, anything(given)))();
  expect(await cluster.until(errorOf(called), 1_000)).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect([...cluster.last.of("request"), ...cluster.last.of("read")]).toEqual([]);
});

test.each(["a", "é", "€"])("the `next` of a page of long names of %s is taken as `after`", async (letter) => {
  const world = await World.start();
  const { session } = await world.client();
  await world.until(session.create("/d"));
  const long = letter.repeat(Math.floor(4_090 / Buffer.byteLength(letter)));
  for (const name of [`${long}1`, `${long}2`]) await world.until(session.create(`/d/${name}`));
  const page = await world.until(session.children("/d", { limit: 1 }));
  const after = page?.next ?? "";
  expect(after).toBe(`${long}1`);
  expect(await world.until(session.children("/d", { limit: 1, after }))).toEqual({
    names: [`${long}2`],
    next: null,
  });
  const nodes = await world.until(session.childNodes("/d", { limit: 1, after }));
  expect(nodes?.children.map(({ name }) => name)).toEqual([`${long}2`]);
  await expect(session.children("/d", { after: `${long}${letter.repeat(10)}` })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
});
