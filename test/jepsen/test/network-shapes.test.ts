import { describe, expect, test } from "vitest";
import type { Shape } from "../src/faults/network-shapes.ts";
import {
  around,
  between,
  isolate,
  majoritiesRing,
  oneWay,
  split,
  together,
} from "../src/faults/network-shapes.ts";

const three = ["n1", "n2", "n3"];
const five = [...three, "n4", "n5"];

/** Whom each member hears, as text. */
function heard(shape: Shape, members: readonly string[]): string[] {
  return members.map((receiver) =>
    members.filter((sender) => sender !== receiver && shape(sender, receiver).cut !== true).join(" "),
  );
}

describe("shapes of the network", () => {
  test("one apart from the others", () => {
    expect(heard(isolate("n1", three, { clients: false }), three)).toEqual(["", "n3", "n2"]);
    expect(isolate("n1", three, { clients: false })("c0", "n1").cut).toBe(false);
    expect(isolate("n1", three, { clients: true })("c0", "n1").cut).toBe(true);
    expect(isolate("n1", three, { clients: true })("c0", "n2").cut).toBe(false);
  });

  test("one that hears nothing, one that nobody hears", () => {
    expect(heard(oneWay("n1", three, "deaf"), three)).toEqual(["", "n1 n3", "n1 n2"]);
    expect(heard(oneWay("n1", three, "mute"), three)).toEqual(["n2 n3", "n3", "n2"]);
    expect(oneWay("n1", three, "deaf")("c0", "n1").cut).toBe(false);
  });

  test("a bridge hears both halves", () => {
    expect(heard(split(["n1"], ["n3"]), three)).toEqual(["n2", "n1 n3", "n2"]);
  });

  test("in a ring each hears a majority, no two the same", () => {
    const ring = heard(majoritiesRing(five), five);
    expect(ring).toEqual(["n2 n5", "n1 n3", "n2 n4", "n3 n5", "n1 n4"]);
    expect(majoritiesRing(five)("c0", "n1").cut).toBeUndefined();
  });

  test("one link, one that is slow", () => {
    expect(heard(between("n1", "n2"), three)).toEqual(["n3", "n3", "n1 n2"]);
    expect(around("n1", { delayMs: 5 })("n2", "n1")).toEqual({ delayMs: 5 });
    expect(around("n1", { delayMs: 5 })("n2", "n3")).toEqual({});
  });

  test("several at once", () => {
    const all = together([
      around("n1", { delayMs: 5, bytesPerSecond: 100 }),
      around("n2", { delayMs: 7, bytesPerSecond: 50 }),
      between("n1", "n3"),
    ]);
    expect(all("n1", "n2")).toEqual({ cut: false, delayMs: 12, bytesPerSecond: 50 });
    expect(all("n1", "n3").cut).toBe(true);
    expect(together([])("n1", "n2")).toEqual({});
  });
});
