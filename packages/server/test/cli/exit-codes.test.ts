import type { ErrorCode } from "@flotilla/runtime";
import { errorCodes, FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { CommandError, describeFailure, toFailure } from "../../src/cli/failure.ts";

describe("exit codes", () => {
  test.each<[ErrorCode, number]>([
    ["ERR_FLOTILLA_BAD_PATH", 2],
    ["ERR_FLOTILLA_BAD_CONFIG", 2],
    ["ERR_FLOTILLA_TOO_LARGE", 2],
    ["ERR_FLOTILLA_NO_QUORUM", 3],
    ["ERR_FLOTILLA_UNREACHABLE", 3],
    ["ERR_FLOTILLA_TIMEOUT", 3],
    ["ERR_FLOTILLA_WRONG_SECRET", 4],
    ["ERR_FLOTILLA_WRONG_CLUSTER", 4],
    ["ERR_FLOTILLA_EXISTS", 5],
    ["ERR_FLOTILLA_BAD_VERSION", 5],
    ["ERR_FLOTILLA_HELD", 5],
    ["ERR_FLOTILLA_NOT_FOUND", 6],
    ["ERR_FLOTILLA_UNKNOWN_OUTCOME", 7],
    ["ERR_FLOTILLA_DAMAGED", 74],
    ["ERR_FLOTILLA_STORAGE", 74],
    ["ERR_FLOTILLA_LOCKED", 74],
    ["ERR_FLOTILLA_ADDRESS_IN_USE", 1],
  ])("%s is %i", (code, exitCode) => {
    expect(exitCodeOf(new FlotillaError(code, "x"))).toBe(exitCode);
  });

  test("an ambiguous error is 7 whatever its code", () => {
    for (const code of [
      "ERR_FLOTILLA_TIMEOUT",
      "ERR_FLOTILLA_SESSION_EXPIRED",
      "ERR_FLOTILLA_ABORTED",
    ] as const) {
      expect(exitCodeOf(new FlotillaError(code, "x", { ambiguous: true }))).toBe(7);
    }
  });

  test("no error is told as success", () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      expect(exitCodeOf(new FlotillaError(code, "x"))).toBeGreaterThan(0);
    }
    expect(exitCodeOf(new TypeError("x"))).toBe(1);
    expect(exitCodeOf("thrown text")).toBe(1);
  });
});

function messageOf(cause: unknown, text = "no server was reached"): string {
  return toFailure(new FlotillaError("ERR_FLOTILLA_UNREACHABLE", text, { cause })).message;
}

describe("failures", () => {
  test("are two lines for people, the last of them a hint", () => {
    const failure = toFailure(new FlotillaError("ERR_FLOTILLA_NOT_FOUND", "nothing at /a\n  really"));
    expect(describeFailure(failure, false)).toBe(
      "flotilla: nothing at /a really (ERR_FLOTILLA_NOT_FOUND)\nhint: There is no such node.\n",
    );
  });

  test("steer no terminal, whoever worded them", () => {
    const failure = toFailure(new FlotillaError("ERR_FLOTILLA_DAMAGED", "n1: \u001b[2Jgone\u202e"));
    expect(describeFailure(failure, false)).toMatch(
      /^flotilla: n1: \\u001b\[2Jgone\\u202e \(ERR_FLOTILLA_DAMAGED\)\nhint: .+\n$/,
    );
  });

  test("are one JSON object for programs", () => {
    const failure = toFailure(new CommandError("ERR_FLOTILLA_INTERNAL", "it broke", "Look."));
    expect(JSON.parse(describeFailure(failure, true))).toEqual({
      code: "ERR_FLOTILLA_INTERNAL",
      message: "it broke",
      hint: "Look.",
    });
  });

  test("tell the reasons of ours and of the system's, each once, and of no parser", () => {
    const system = Object.assign(new Error("ENOENT: no such file"), { errno: -2, code: "ENOENT" });
    const ours = new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "cannot resolve f", { cause: system });
    expect(messageOf(ours)).toBe("no server was reached: cannot resolve f: ENOENT: no such file");
    expect(messageOf(ours, "no server was found: cannot resolve f: ENOENT: no such file")).toBe(
      "no server was found: cannot resolve f: ENOENT: no such file",
    );
    expect(messageOf(new SyntaxError("Unexpected token in s3cret"))).toBe("no server was reached");
    expect(toFailure(new CommandError("ERR_FLOTILLA_DAMAGED", "cut off", "", { cause: ours })).message).toBe(
      "cut off",
    );
  });

  test("of an unknown outcome say to read first", () => {
    const failure = toFailure(new FlotillaError("ERR_FLOTILLA_TIMEOUT", "late", { ambiguous: true }));
    expect(failure).toMatchObject({ exitCode: 7, hint: expect.stringContaining("read before") });
  });
});
