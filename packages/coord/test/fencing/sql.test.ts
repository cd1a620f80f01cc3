import fc from "fast-check";
import initSqlJs, { type Database } from "sql.js";
import { expect, onTestFinished, test } from "vitest";
import {
  type FencedRow,
  fencedUpdate,
  fencedUpsert,
  requireWritten,
  type SqlStatement,
} from "../../src/fencing/sql.ts";

const { Database: Sqlite } = await initSqlJs();

function database(): Database {
  const db = new Sqlite();
  onTestFinished(() => db.close());
  db.run(
    'CREATE TABLE "jobs" (region TEXT, id INTEGER, state TEXT, epoch INTEGER, PRIMARY KEY (region, id))',
  );
  return db;
}

/** Rows that it changed. */
function run(db: Database, { text, values }: SqlStatement): number {
  db.run(
    text,
    values.map((value) => (typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value)),
  );
  return db.getRowsModified();
}

function job(state: string, id = 7): FencedRow {
  return { table: "jobs", key: { region: "eu", id }, set: { state } };
}

function stored(db: Database): unknown[] {
  return db.exec("SELECT state, epoch FROM jobs ORDER BY id")[0]?.values ?? [];
}

test("a row is made, changed by the same and by later holders, never by earlier ones", () => {
  const db = database();
  expect(run(db, fencedUpsert(job("a"), { epoch: 5 }))).toBe(1);
  expect(run(db, fencedUpsert(job("b"), { epoch: 5 }))).toBe(1);
  expect(run(db, fencedUpdate(job("c"), { epoch: 8 }))).toBe(1);
  expect(run(db, fencedUpsert(job("late"), { epoch: 7 }))).toBe(0);
  expect(run(db, fencedUpdate(job("late"), { epoch: 7 }))).toBe(0);
  expect(stored(db)).toEqual([["c", 8]]);
});

test("an update makes nothing, touches no other row, and takes over what nobody fenced", () => {
  const db = database();
  expect(run(db, fencedUpdate(job("a"), { epoch: 5 }))).toBe(0);
  db.run("INSERT INTO jobs VALUES ('eu', 7, 'old', NULL), ('eu', 8, 'other', NULL)");
  expect(run(db, fencedUpdate(job("a"), { epoch: 5 }))).toBe(1);
  expect(run(db, fencedUpsert(job("b", 8), { epoch: 5 }))).toBe(1);
  expect(stored(db)).toEqual([
    ["a", 5],
    ["b", 5],
  ]);
});

test("whatever order writes come in, the row is that of the latest holder so far", () => {
  const write = fc.record({ epoch: fc.integer({ min: 1, max: 5 }), isUpsert: fc.boolean() });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
      const db = new Sqlite();
      db.run(
        "CREATE TABLE jobs (region TEXT, id INTEGER, state TEXT, epoch INTEGER, PRIMARY KEY (region, id))",
      );
      let model: readonly [string, number] | null = null;
      for (const [at, { epoch, isUpsert }] of writes.entries()) {
        const row = job(`w${at}`);
        const rows = run(db, isUpsert ? fencedUpsert(row, { epoch }) : fencedUpdate(row, { epoch }));
        const isTaken: boolean = model === null ? isUpsert : epoch >= model[1];
        expect(rows).toBe(isTaken ? 1 : 0);
        if (isTaken) model = [`w${at}`, epoch];
        expect(stored(db)).toEqual(model === null ? [] : [model]);
      }
      db.close();
    }),
  );
});

test("parameters are numbered where that is asked for, in the order of the values", () => {
  const row = { ...job("a"), column: "fence", parameters: "$" } as const;
  expect(fencedUpdate(row, { epoch: 5 })).toEqual({
    text: 'UPDATE "jobs" SET "state" = $1, "fence" = $2 WHERE "region" = $3 AND "id" = $4 AND ("fence" IS NULL OR "fence" <= $5)',
    values: ["a", 5, "eu", 7, 5],
  });
  expect(fencedUpsert(row, { epoch: 5 }).values).toEqual(["eu", 7, "a", 5]);
});

test("names are quoted as the database wants them", () => {
  const row = { ...job("a"), quotes: "`" } as const;
  expect(fencedUpdate(row, { epoch: 5 }).text).toBe(
    "UPDATE `jobs` SET `state` = ?, `epoch` = ? WHERE `region` = ? AND `id` = ? AND (`epoch` IS NULL OR `epoch` <= ?)",
  );
  const db = database();
  expect(run(db, fencedUpsert(row, { epoch: 5 }))).toBe(1);
  expect(run(db, fencedUpdate(row, { epoch: 4 }))).toBe(0);
});

test("a count of rows becomes an error, and what is misshapen is refused", () => {
  requireWritten(1, { epoch: 5 });
  for (const none of [0, 0n])
    expect(() => requireWritten(none, { epoch: 5 })).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_FENCED" }),
    );
  const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  for (const none of [undefined, null, -1, 0.5, Number.NaN, "1", [1], {}])
    expect(() => requireWritten(none as number, { epoch: 5 })).toThrow(bad);
  for (const make of [fencedUpdate, fencedUpsert]) {
    for (const epoch of [0, -1, 1.5, Number.NaN]) expect(() => make(job("a"), { epoch })).toThrow(bad);
    expect(() => make({ ...job("a"), table: 'x"; DROP TABLE jobs; --' }, { epoch: 1 })).toThrow(bad);
    expect(() => make({ ...job("a"), set: { "a b": 1 } }, { epoch: 1 })).toThrow(bad);
    expect(() => make({ ...job("a"), set: { epoch: 1 } }, { epoch: 1 })).toThrow(bad);
    expect(() => make({ ...job("a"), set: { id: 1 } }, { epoch: 1 })).toThrow(bad);
    expect(() => make({ ...job("a"), key: {} }, { epoch: 1 })).toThrow(bad);
  }
});

test.each([null, undefined, Number.NaN])(
  "a key of %s, by which no row is found again, is refused",
  (region) => {
    const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
    const row = { ...job("a"), key: { region: region as unknown as string, id: 7 } };
    for (const make of [fencedUpdate, fencedUpsert]) expect(() => make(row, { epoch: 5 })).toThrow(bad);
    // @ts-expect-error what is null is equal to nothing
    expect(() => fencedUpsert({ ...job("a"), key: { region: null } }, { epoch: 5 })).toThrow(bad);
  },
);

test("a null may be written", () => {
  const db = database();
  const row = { ...job("a"), set: { state: null } };
  expect(run(db, fencedUpsert(row, { epoch: 5 }))).toBe(1);
  expect(stored(db)).toEqual([[null, 5]]);
});

test.each([
  { quotes: "; DROP TABLE jobs; --" },
  { quotes: "" },
  { quotes: null },
  { parameters: ":" },
  { parameters: "" },
  { parameters: null },
])("what is no way to write a statement is refused: %j", (wrong) => {
  const row = { ...job("a"), ...wrong } as unknown as FencedRow;
  for (const make of [fencedUpdate, fencedUpsert])
    expect(() => make(row, { epoch: 5 })).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
});
