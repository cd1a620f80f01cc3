import { describe, expect, test } from "vitest";
import { permissions } from "../../src/index.ts";
import type { AddOp, Conditions } from "../../src/index.ts";
import { readDecimal, writeDecimal } from "../../src/decimal.ts";
import { create, Driver, idOf, text } from "../support.ts";

const most = Number.MAX_SAFE_INTEGER;

function add(path: string, by: number, wanted: Conditions = {}): AddOp {
  return { type: "add", path, by, if: wanted };
}

/** A session, and a node with this value. */
function holding(value: string): Driver {
  const driver = new Driver();
  driver.open(1);
  driver.send(1, create("/n", { value: text(value) }));
  return driver;
}

function valueOf({ machine }: Driver, path = "/n"): string | null {
  const node = machine.get(path);
  return node === null ? null : new TextDecoder().decode(node.value);
}

describe("an addition", () => {
  test.each([
    ["0", 1, 1],
    ["41", 1, 42],
    ["5", -8, -3],
    ["-3", 3, 0],
    ["7", 0, 7],
    [`${most - 1}`, 1, most],
    [`${-most}`, most, 0],
  ])("to %s of %d tells the sum and keeps it as text", (value, by, sum) => {
    const driver = holding(value);
    expect(driver.send(1, add("/n", by))).toMatchObject({ results: [{ sum, stat: { version: 1 } }] });
    expect(valueOf(driver)).toBe(`${sum}`);
  });

  test("makes a node that is not there, as a put does", () => {
    const driver = holding("0");
    expect(driver.send(1, add("/new", -4))).toMatchObject({ results: [{ sum: -4, stat: { version: 0 } }] });
    expect(valueOf(driver, "/new")).toBe("-4");
    expect(driver.code(1, add("/none/below", 1))).toBe("NOT_FOUND");
  });

  test.each(["", "x", "1.5", "-0", "08", "+1", " 1", "1e3", "9007199254740992", "٣", "1".repeat(18)])(
    "to %j is refused and changes nothing",
    (value) => {
      const driver = holding(value);
      const { revision } = driver.machine;
      expect(driver.code(1, add("/n", 1))).toBe("BAD_VALUE");
      expect([valueOf(driver), driver.machine.revision]).toEqual([value, revision]);
    },
  );

  test.each([
    [`${most}`, 1],
    [`${-most}`, -1],
    ["1", most],
  ])("to %s of %d would be no safe integer, and is refused", (value, by) => {
    const driver = holding(value);
    expect(driver.code(1, add("/n", by))).toBe("LIMIT");
    expect(valueOf(driver)).toBe(value);
  });

  test("looks at its conditions before the number", () => {
    const driver = holding("x");
    expect(driver.code(1, add("/n", 1, { version: 7 }))).toBe("BAD_VERSION");
    expect(driver.code(1, add("/n", 1, { mzxid: 99 }))).toBe("FENCED");
  });

  test("sent again is answered with the sum of the first time", () => {
    const driver = holding("1");
    const first = driver.request(1, 2, add("/n", 1), 1);
    const again = driver.request(1, 2, add("/n", 1), 1);
    expect(again).toMatchObject({ type: "answered", repeat: true });
    expect(first.type === "answered" && again.type === "answered" && again.result).toEqual(
      first.type === "answered" && first.result,
    );
    expect(valueOf(driver)).toBe("2");
  });

  test("of a multi sees those before it, and is undone with it", () => {
    const driver = holding("1");
    const ops = [add("/n", 1), add("/n", 10)];
    expect(driver.send(1, { type: "multi", ops })).toMatchObject({ results: [{ sum: 2 }, { sum: 12 }] });
    expect(driver.code(1, { type: "multi", ops: [...ops, add("/n", most)] })).toBe("LIMIT");
    expect(valueOf(driver)).toBe("12");
  });

  test.each([permissions.read, permissions.write])("needs more than permission %d alone", (permission) => {
    const driver = holding("1");
    const acl = [{ scheme: "world", id: "anyone", permissions: permission }] as const;
    driver.send(1, { type: "set-acl", path: "/n", acl });
    expect(driver.code(1, add("/n", 1))).toBe("NO_AUTH");
  });

  test("stays within a budget of bytes", () => {
    const driver = holding("9");
    driver.send(1, { type: "set-budget", path: "/n", budget: { bytes: { hard: 1 } } });
    expect(driver.code(1, add("/n", 1))).toBe("QUOTA");
    expect(driver.code(1, add("/n", -1))).toBe("ok");
  });

  test("makes no child of an ephemeral node", () => {
    const driver = holding("1");
    driver.send(1, create("/e", { lease: idOf(1) }));
    expect(driver.code(1, add("/e/n", 1))).toBe("NO_CHILDREN_FOR_EPHEMERALS");
  });
});

test("bytes are read as a number only when they are what is written for it", () => {
  for (const value of [0, 1, -1, 10, most, -most]) expect(readDecimal(writeDecimal(value))).toBe(value);
  expect(readDecimal(new Uint8Array([0xff]))).toBeNull();
});
