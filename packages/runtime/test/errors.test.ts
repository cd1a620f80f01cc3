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
