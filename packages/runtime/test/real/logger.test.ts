import { jsonLogger } from "@flotilla/runtime/real/client";
import { expect, test } from "vitest";

function collect(level?: "debug" | "info" | "warn" | "error" | "silent"): {
  lines: string[];
  logger: ReturnType<typeof jsonLogger>;
} {
  const lines: string[] = [];
  const logger = jsonLogger({
    ...(level === undefined ? {} : { level }),
    write: (line) => void lines.push(line),
  });
  return { lines, logger };
}

function logAll(logger: ReturnType<typeof jsonLogger>): void {
  logger.debug({}, "d");
  logger.info({}, "i");
  logger.warn({}, "w");
  logger.error({}, "e");
}

test.each([
  ["debug", ["d", "i", "w", "e"]],
  ["info", ["i", "w", "e"]],
  [undefined, ["w", "e"]],
  ["error", ["e"]],
  ["silent", []],
] as const)("level %s lets through %j", (level, expected) => {
  const { lines, logger } = collect(level);
  logAll(logger);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected);
});

test("a line is one JSON object with pino's level, time, fields and msg", () => {
  const { lines, logger } = collect();
  logger.error({ node: "a", count: 3 }, "it\nbroke");
  const [line = ""] = lines;
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toMatchObject({ level: 50, node: "a", count: 3, msg: "it\nbroke" });
  expect((JSON.parse(line) as { time: unknown }).time).toBeTypeOf("number");
});

test("errors, big integers and bytes are printed, and their causes too", () => {
  const { lines, logger } = collect();
  const cause = Object.assign(new Error("inner"), { code: "EIO" });
  logger.warn({ err: new Error("outer", { cause }), big: 2n ** 70n, bytes: Uint8Array.of(1, 255) }, "m");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    err: { type: "Error", message: "outer", cause: { message: "inner", code: "EIO" } },
    big: "1180591620717411303424",
    bytes: "01ff",
  });
});

test("fields that cannot be printed do not throw, and the message still comes", () => {
  const { lines, logger } = collect();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  logger.warn({ circular }, "still here");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: 40,
    msg: "still here",
    unprintable: ["circular"],
  });
});
