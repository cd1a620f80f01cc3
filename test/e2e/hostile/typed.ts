import { FlotillaError } from "@flotilla/coord";
import { expect } from "vitest";
import { rejection } from "./lone-member.ts";

/** A caller without types. */
export function untyped(value: unknown): never {
  return value as never;
}

/** What a call throws or rejects with. */
export async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  return rejection((async () => call())());
}

export function expectTyped(error: unknown, code: string): void {
  expect(FlotillaError.is(error), String(error)).toBe(true);
  expect(error).toMatchObject({ code, ambiguous: false });
  expect(
    error instanceof Error &&
      error.message.length > 10 &&
      !/undefined is|Cannot read|is not a function/.test(error.message),
  ).toBe(true);
}
