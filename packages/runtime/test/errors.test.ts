import { FlotillaError } from "@flotilla/runtime";
import { expect, test, vi } from "vitest";

test("errors of another copy of the package are of the family too", async () => {
  vi.resetModules();
  const { FlotillaError: Other } = await import("../src/errors.ts");
  expect(Other).not.toBe(FlotillaError);
  const error: unknown = new Other("ERR_FLOTILLA_LOST", "gone");
  expect(error instanceof FlotillaError).toBe(true);
  expect(FlotillaError.is(error, "ERR_FLOTILLA_LOST")).toBe(true);
  expect(new Error("gone") instanceof FlotillaError).toBe(false);
});

test("an error of the family is of a class that extends it only when it was made by that", () => {
  class Refusal extends FlotillaError {}
  class Rebuke extends Refusal {}
  const plain: unknown = new FlotillaError("ERR_FLOTILLA_LOST", "gone");
  const rebuke: unknown = new Rebuke("ERR_FLOTILLA_LOST", "gone");
  expect(plain instanceof Refusal).toBe(false);
  expect([FlotillaError, Refusal, Rebuke].map((made) => rebuke instanceof made)).toEqual([true, true, true]);
});
