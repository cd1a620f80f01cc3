import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCommand, Machine } from "../src/index.ts";
import type { KvCommand } from "../src/index.ts";
import { makeCommand, run, runWithHistories } from "./arbitraries.ts";
import type { Step } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import type { GoldenApplied } from "./golden-state.ts";
import { GoldenWorld } from "./golden-world.ts";
import { allOf, plainEvents, readable, readableEvents } from "./support.ts";

const prefix = "ERR_FLOTILLA_";

test("any commands do what the golden model says, on a machine restored at any point too", () => {
  fc.assert(
    fc.property(runWithHistories(60), (steps) => {
      const world = new GoldenWorld();
      for (const next of steps) {
        world.advance(next);
        world.expectSameState();
      }
      world.expectSameReplay();
    }),
    { numRuns: 250 },
  );
}, 120_000);

test("the stream of events folds into the tree, and each revision is one uninterrupted run of ordinals", () => {
  fc.assert(
    fc.property(run(80), (steps) => {
      const golden = new GoldenModel();
      const machine = new Machine();
      const folded = new Map<string, number[]>([["/", []]]);
      let index = 0;
      for (const next of steps) {
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        index += 1;
        golden.apply(command, index);
        const before = machine.token;
        machine.apply(encodeCommand(command), { index, timeMs: index });
        const events = machine.takeEvents();
        const kept = machine.history.since(before);
        expect(kept === "gap" ? kept : plainEvents(kept)).toEqual(plainEvents(events));
        for (const { type, path, node } of events) {
          expect(folded.has(path)).toBe(type !== "created");
          if (node === null) folded.delete(path);
          else folded.set(path, [...node.value]);
        }
      }
      const tree = allOf(machine).map(({ path, node }) => [path, [...node.value]] as const);
      expect([...folded].toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(tree);
    }),
    { numRuns: 200 },
  );
}, 120_000);

test("events and answers say the same however late they are read", () => {
  fc.assert(
    fc.property(run(80), (steps) => {
      const golden = new GoldenModel();
      const machine = new Machine();
      const late: (() => void)[] = [];
      let index = 0;
      for (const next of steps) {
        if (next.kind === "freeze") machine.snapshot();
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        index += 1;
        const expected = golden.apply(command, index);
        const expectedEvents = golden.events;
        const applied = machine.apply(encodeCommand(command), { index, timeMs: index });
        const events = machine.takeEvents();
        const names = golden.children("/a").map((path) => path.slice("/a/".length));
        const page = "/a" in golden.state.nodes ? { names, next: null } : null;
        const children = machine.children("/a");
        late.push(() => {
          expect(children).toEqual(page);
          expect(readable(applied)).toEqual(expected);
          expect(readableEvents(events)).toEqual(expectedEvents);
        });
      }
      for (const check of late) check();
    }),
    { numRuns: 200 },
  );
}, 120_000);

/** A count for each row and column. */
class Table {
  readonly #rows = new Map<string, Map<string, number>>();

  count(row: string, column: string): void {
    const cells = this.#rows.get(row) ?? new Map<string, number>();
    cells.set(column, (cells.get(column) ?? 0) + 1);
    this.#rows.set(row, cells);
  }

  has(row: string, column: string): boolean {
    return this.#rows.get(row)?.has(column) === true;
  }

  toString(): string {
    const rows = [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return rows
      .map(([row, cells]) => {
        const counts = [...cells].toSorted(([, a], [, b]) => b - a);
        return `${row}: ${counts.map(([column, count]) => `${column} ${count}`).join(", ")}\n`;
      })
      .join("");
  }
}

/** Counts what one command came to, by its kind. */
function countOutcome(table: Table, command: KvCommand, applied: GoldenApplied, events: number): void {
  if (applied.type === "reaped") table.count("reap", applied.paths.length > 0 ? "reaped" : "spared");
  else if (applied.type === "refused") table.count("request", applied.why);
  else if (applied.type === "attach-refused") table.count("attach", applied.code.replace(prefix, ""));
  else if (applied.type !== "answered" || command.type !== "request") table.count(command.type, "ok");
  else if (applied.repeat) table.count("request", "repeat");
  else {
    const { type } = command.operation;
    const { ok, branch } = applied.result;
    table.count(type, applied.result.ok ? "ok" : applied.result.code.replace(prefix, ""));
    if (!applied.result.ok && applied.result.excess !== undefined)
      table.count("budget", applied.result.excess.kind);
    if (branch !== undefined) table.count(branch, ok ? "done" : "failed");
    if (events > 1) table.count(type, "several events");
  }
}

/** How many commands the models are compared by; `npm run soak -- kv` asks for more. */
const scale = Number(process.env["FLOTILLA_COMMANDS"] ?? 1_000_000);
const firstSeed = Number(process.env["FLOTILLA_SEED"] ?? Math.floor(performance.timeOrigin) % 1_000_000_007);
const stepsPerLife = 150;
const stepsPerLook = 50;
const lives = runWithHistories(stepsPerLife);

function live(steps: readonly Step[], table: Table): number {
  const world = new GoldenWorld();
  let commands = 0;
  for (const [number, next] of steps.entries()) {
    const done = world.advance(next);
    if (done !== null) {
      commands += 1;
      countOutcome(table, done.command, done.applied, world.golden.events.length);
    }
    if (number % stepsPerLook === 0) world.expectSameState();
  }
  world.expectSameState();
  world.expectSameReplay();
  return commands;
}

test("a great many commands do what the golden model says, and reach every rule", async () => {
  const table = new Table();
  let commands = 0;
  for (let seed = firstSeed; commands < scale; seed += 1) {
    const life = { seed, numRuns: 1 };
    const [steps = []] = fc.sample(lives, life);
    try {
      commands += live(steps, table);
    } catch (error) {
      // The same life once more, made as short as it can be.
      fc.assert(
        fc.property(lives, (shorter) => void live(shorter, new Table())),
        life,
      );
      throw error;
    }
    await new Promise(setImmediate);
  }
  process.stdout.write(`${commands} commands from seed ${firstSeed} on, 0 differences\n${table.toString()}`);
  // Fewer may lack what is rare.
  if (scale >= 500_000) expect(missing(table)).toEqual([]);
}, 0);

/** What can happen and did not. */
function missing(table: Table): string[] {
  const tree = {
    create:
      "BAD_ARGUMENT BAD_PATH INVALID_ACL NO_AUTH LOST GRACE NOT_FOUND EXISTS NO_CHILDREN_FOR_EPHEMERALS QUOTA",
    set: "BAD_PATH NOT_FOUND NO_AUTH FENCED BAD_VERSION CONDITION QUOTA",
    put: "BAD_PATH NOT_FOUND NO_AUTH FENCED BAD_VERSION CONDITION QUOTA",
    delete: "BAD_PATH BAD_ARGUMENT NO_AUTH NOT_FOUND FENCED BAD_VERSION CONDITION HAS_CHILDREN HELD",
    check: "BAD_PATH BAD_ARGUMENT NO_AUTH NOT_FOUND FENCED BAD_VERSION CONDITION EXISTS",
    multi: "BAD_PATH INVALID_ACL NO_AUTH NOT_FOUND FENCED BAD_VERSION EXISTS HAS_CHILDREN QUOTA",
    "set-budget": "BAD_PATH BAD_ARGUMENT NOT_FOUND NO_AUTH",
    "set-acl": "BAD_PATH INVALID_ACL NOT_FOUND NO_AUTH BAD_VERSION",
    grant: "BAD_ARGUMENT EXISTS",
    revoke: "BAD_ARGUMENT NOT_FOUND",
    doom: "NOT_FOUND",
    close: "",
  };
  const outcomes: Record<string, string> = {
    ...Object.fromEntries(Object.entries(tree).map(([type, codes]) => [type, `ok ${codes}`.trim()])),
    budget: "nodes bytes children leases rate",
    request: "no-session moved gap forgotten repeat",
    attach: "ok SESSION_EXPIRED BAD_ARGUMENT WRONG_SECRET MOVED EXISTS",
    expire: "ok",
    "begin-restored": "ok",
    "begin-history": "ok",
    "end-grace": "ok",
    "set-feature-level": "ok",
    reap: "reaped spared",
    // The branches of a multi with conditions.
    // eslint-disable-next-line unicorn/no-thenable
    then: "done failed",
    else: "done failed",
  };
  const cells = Object.entries(outcomes).flatMap(([row, columns]) =>
    columns.split(" ").map((column): [string, string] => [row, column]),
  );
  for (const row of ["multi", "delete"]) cells.push([row, "several events"]);
  return cells.filter(([row, column]) => !table.has(row, column)).map(([row, column]) => `${row} ${column}`);
}
